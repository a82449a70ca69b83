/** One ref of a push. */
export interface RefUpdate {
  readonly ref: string;
  /** As git sent it: names need not be UTF-8, and the answer must repeat them. */
  readonly refBytes: Buffer;
  /** Zeros where the ref is new. */
  readonly oldId: string;
  /** Zeros where the ref is to go. */
  readonly newId: string;
}

/** What becomes of it. `stored`: git itself is to update the ref. `waiting`: it moves when somebody has approved; until then it is told under the name `as`. */
export type Verdict = { readonly kind: 'stored' } | { readonly kind: 'moved' } | { readonly kind: 'waiting'; readonly as: string } | { readonly kind: 'refused'; readonly reason: string };

export function isZero(id: string): boolean {
  return /^0+$/.test(id);
}

/** Git keeps refs as files: `main` and `main/next` cannot both be there. */
export function areInTheWay(one: string, other: string): boolean {
  return one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}
