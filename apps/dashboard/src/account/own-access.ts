'use client';

import { useQuery } from '@tanstack/react-query';
import { molo } from '../platform/client';
import { allPages, type ReadPage } from '../platform/pages';
import { countOf } from '../text/quantities';

/** By what one is signed in besides this browser. */
export interface OwnAccess {
  readonly sessions: number;
  /** By their names. */
  readonly tokens: readonly string[];
  readonly sshKeys: readonly string[];
}

/** Each undefined until it is there. The keys are below those of the lists, so that a change of one reads both again. */
export function useOwnAccess(): { readonly [Kind in keyof OwnAccess]: OwnAccess[Kind] | undefined } {
  const sessions = useAll(['sessions', 'all'], (query, options) => molo.listSessions({ query }, options));
  const tokens = useAll(['tokens', 'all'], (query, options) => molo.listTokens({ query }, options));
  const sshKeys = useAll(['ssh-keys', 'all'], (query, options) => molo.listSshKeys({ query }, options));
  return { sessions: sessions?.filter(({ current }) => !current).length, tokens: tokens?.map(({ name }) => name), sshKeys: sshKeys?.map(({ name }) => name) };
}

function useAll<Item>(queryKey: readonly string[], read: ReadPage<Item>): Item[] | undefined {
  return useQuery({ queryKey, queryFn: ({ signal }) => allPages<Item>(read, signal) }).data;
}

/** Of so many other sessions; undefined where that is not known. */
export function signedOut(sessions: number | undefined): string {
  if (sessions === 0) return 'No other browser is signed in.';
  return `Every browser but this one is signed out${sessions === undefined ? '' : `: ${countOf(sessions, 'session')}`}.`;
}

const mostNamed = 6;

/** `2 API tokens: ci, laptop`. Who has many is told how many, and of the first the names. */
export function namedAll(names: readonly string[], one: string): string {
  if (names.length === 0) return `There is no ${one}.`;
  const rest = names.length - mostNamed;
  return `${countOf(names.length, one)}: ${names.slice(0, mostNamed).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
