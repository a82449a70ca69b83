'use client';

import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { molo } from '../platform/client';

/** Keys start with `apps` or with `app` and its name: what the socket calls changed is read again by that start. */
export function useApps() {
  return useInfiniteQuery({
    queryKey: ['apps'],
    queryFn: ({ pageParam, signal }) => molo.listApps({ query: { cursor: pageParam, limit: 50 } }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
}

export function useApp(app: string) {
  return useQuery({ queryKey: ['app', app, 'app'], queryFn: ({ signal }) => molo.getApp({ params: { app } }, { signal }) });
}

export function useFigures(app: string, environment: string) {
  return useQuery({
    queryKey: ['app', app, environment, 'figures'],
    queryFn: ({ signal }) => molo.getFigures({ params: { app, environment } }, { signal }),
    // Counters rise with each request and are not told by an event.
    refetchInterval: 5_000,
  });
}
