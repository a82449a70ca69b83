'use client';

import { useInfiniteQuery } from '@tanstack/react-query';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

export interface PageQuery {
  readonly cursor: string | undefined;
  readonly limit: number;
}

export type ReadPage<Item> = (query: PageQuery, options: { readonly signal: AbortSignal }) => Promise<Page<Item>>;

/** A list that goes on by cursor. */
export function usePages<Item>(queryKey: readonly unknown[], read: ReadPage<Item>, limit = 50) {
  return useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => read({ cursor: pageParam, limit }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
}

/** The whole of a list that is to be looked through and not shown. */
export async function allPages<Item>(read: ReadPage<Item>, signal: AbortSignal): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<Item> = await read({ cursor, limit: 200 }, { signal });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}
