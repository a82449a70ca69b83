import type { ReactNode } from 'react';
import { QueryClient, QueryClientProvider, type QueryKey } from '@tanstack/react-query';
import type { Me } from '@molo/contracts';
import { renderToStaticMarkup } from 'react-dom/server';

/** What the platform has answered before the page is drawn. */
export interface Answered {
  readonly me: Me;
  readonly known: readonly (readonly [key: QueryKey, answer: unknown])[];
}

/** The HTML of a part of a page, drawn once from what is known; nobody is asked. */
export function shown(part: ReactNode, { me, known }: Answered): string {
  const queries = new QueryClient();
  queries.setQueryData(['me'], me);
  for (const [key, answer] of known) queries.setQueryData(key, answer);
  return renderToStaticMarkup(<QueryClientProvider client={queries}>{part}</QueryClientProvider>);
}

/** A list of which one page was read, as react-query keeps it. */
export function listOf<Item>(items: readonly Item[], nextCursor: string | null = null) {
  return { pages: [{ items, nextCursor }], pageParams: [undefined] };
}

export function person(rights: Me['rights'], apps: Me['apps'] = []): Me {
  return { kind: 'user', name: 'Grace', email: 'grace@example.com', role: 'member', rights, apps };
}
