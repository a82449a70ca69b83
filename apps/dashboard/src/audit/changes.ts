/** One value that an event has before or after, as text; null where it was not there. */
export interface Change {
  /** `web.memoryBytes`; empty where the event has one value and no names. */
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

/**
 * Value by value, in the order in which they stand there. Those that are alike are told too: a secret is masked to the same text
 * before and after its change.
 */
export function changesOf(before: unknown, after: unknown): readonly Change[] {
  const [old, now] = [valuesOf(before), valuesOf(after)];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].map((name) => ({ name, before: old.get(name) ?? null, after: now.get(name) ?? null }));
}

function valuesOf(value: unknown, name = '', into = new Map<string, string | null>()): Map<string, string | null> {
  if (isObject(value) && !isList(value)) for (const [key, inner] of Object.entries(value)) valuesOf(inner, name === '' ? key : `${name}.${key}`, into);
  else if (value !== undefined && (value !== null || name !== '')) into.set(name, textOf(value));
  return into;
}

function textOf(value: unknown): string | null {
  if (value === null) return null;
  if (isList(value)) return value.length === 0 ? 'none' : value.map(String).join(', ');
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

/** Of words and numbers. */
function isList(value: unknown): value is readonly (string | number)[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string' || typeof each === 'number');
}
