'use client';

import type { Token, TokenRight } from '@molo/contracts';
import type { ReadPage } from '../platform/pages';

export interface NewToken {
  readonly name: string;
  readonly rights: TokenRight[];
  /** Where they are named, it is for these apps alone. */
  readonly apps?: string[];
  /** null for no end. */
  readonly expiresInDays: number | null;
}

/** Whose tokens: one's own, or a robot's. */
export interface TokenHolder {
  /** Of the list, where it is kept. */
  readonly queryKey: readonly string[];
  readonly list: ReadPage<Token>;
  readonly create: (body: NewToken) => Promise<Token & { readonly token: string }>;
  readonly revoke: (tokenId: string) => Promise<unknown>;
  /** What a token of theirs may be given. */
  readonly grantable: readonly TokenRight[];
  /** Whether they may reach more apps than one, so that a token can be limited to some. */
  readonly limitable: boolean;
  /** The command that makes such a token. */
  readonly command: (token: string, options: string) => string;
}
