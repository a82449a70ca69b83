import type { FieldError } from '@molo/contracts';
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** What is wrong where, for people: `set.MY-KEY: must be letters, digits and underscores …`. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue) => ofIssue(issue, ''));
}

function ofIssue(issue: Issue, prefix: string): FieldError[] {
  const path = [prefix, issue.path.join('.')].filter((part) => part !== '').join('.');
  // A record's bad key hides what is wrong with it one level deeper.
  if (issue.code === 'invalid_key') return issue.issues.flatMap((inner) => ofIssue(inner, path));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: [path, key].filter((part) => part !== '').join('.'), message: 'is not known here' }));
  return [{ path, message: issue.message }];
}

/** Deeper than any body of the table: what lies below is refused by the schemas. */
const deepest = 5;

/** Each `__proto__` in a body: records pass over that key in silence, and the caller would be told that all is done. */
export function reservedKeys(value: unknown, path: readonly string[] = []): FieldError[] {
  if (!isObject(value) || Array.isArray(value) || path.length > deepest) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '__proto__' ? [{ path: [...path, key].join('.'), message: 'is reserved; take another key' }] : reservedKeys(inner, [...path, key]),
  );
}

/** Text that PostgreSQL cannot keep: the NUL character, and half a surrogate pair. */
export function unstorable(value: unknown, path = ''): FieldError[] {
  if (typeof value === 'string') return value.includes('\0') || /\p{Surrogate}/u.test(value) ? [{ path, message: 'must not hold NUL characters or broken Unicode' }] : [];
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => unstorable(inner, path === '' ? key : `${path}.${key}`));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
