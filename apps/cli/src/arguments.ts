import { InvalidArgumentError } from 'commander';

/** `v3` or `3`. */
export function releaseNumber(text: string): number {
  const number = Number(/^v?(\d{1,9})$/.exec(text)?.[1]);
  if (!(number >= 1)) throw new InvalidArgumentError('A release is a number such as v3; molo releases lists them.');
  return number;
}

export function listLimit(text: string): number {
  return wholeNumber(text, 1, 10_000);
}

export function lineCount(text: string): number {
  return wholeNumber(text, 0, 10_000);
}

export function invitationDays(text: string): number {
  return wholeNumber(text, 1, 30);
}

export function dayCount(text: string): number {
  return wholeNumber(text, 1, 3650);
}

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time as RFC 3339 has it, of `2026-01-31` (its first moment here), of a time of day with or without its zone, or of `7d` ago. */
export function instant(text: string): string {
  const ago = /^(\d{1,6})([mhd])$/.exec(text);
  if (ago) return new Date(Date.now() - Number(ago[1]) * units[ago[2] as keyof typeof units]).toISOString();
  const [, day, time = 'T00:00'] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  const date = new Date(`${day}${time}`);
  // What JavaScript makes of a 31st of February is a day that nobody meant.
  const isDay = new Date(`${day}T00:00Z`).toJSON()?.startsWith(`${day}T`);
  if (!isDay || Number.isNaN(date.getTime())) throw new InvalidArgumentError('It must be a time such as 2026-01-31, 2026-01-31T08:00:00Z, or how long ago: 30m, 12h, 7d.');
  return date.toISOString();
}

function wholeNumber(text: string, least: number, most: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most) throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  return number;
}
