'use client';

import type { ReactNode } from 'react';
import { Card } from '../ui/card';
import { MoreButton } from './more-button';
import type { Page, usePages } from './pages';
import { QueryView } from './query-view';

interface PagedListProps<Item> {
  readonly query: ReturnType<typeof usePages<Item>>;
  /** What is being loaded: `the users`. */
  readonly what: string;
  readonly more: string;
  /** Where there is nothing to list. */
  readonly empty: ReactNode;
  readonly row: (item: Item) => ReactNode;
}

/** Rows in a card, with a button that brings the next ones. */
export function PagedList<Item>({ query, what, more, empty, row }: PagedListProps<Item>) {
  return (
    <>
      <QueryView query={query} what={what}>
        {({ pages }) => {
          const items = itemsOf(pages);
          if (items.length === 0) return empty;
          return (
            <Card className="overflow-hidden">
              <ul>{items.map(row)}</ul>
            </Card>
          );
        }}
      </QueryView>
      <MoreButton query={query}>{more}</MoreButton>
    </>
  );
}

function itemsOf<Item>(pages: readonly Page<Item>[]): Item[] {
  return pages.flatMap(({ items }) => items);
}
