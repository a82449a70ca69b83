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

function wholeNumber(text: string, least: number, most: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most) throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  return number;
}
