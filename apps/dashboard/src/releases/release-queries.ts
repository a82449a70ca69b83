'use client';

import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import type { Deployment } from '@molo/contracts';
import { molo } from '../platform/client';

export interface Place {
  readonly app: string;
  readonly environment: string;
}

export function useReleases({ app, environment }: Place) {
  return useInfiniteQuery({
    queryKey: ['app', app, environment, 'releases'],
    queryFn: ({ pageParam, signal }) => molo.listReleases({ params: { app, environment }, query: { cursor: pageParam, limit: 30 } }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
}

/** After a change that deploys, its deployment is what one wants to see. */
export function useFollowDeployment(app: string): (deployment: Deployment | null) => void {
  const queries = useQueryClient();
  const router = useRouter();
  return (deployment) => {
    void queries.invalidateQueries({ queryKey: ['app', app] });
    void queries.invalidateQueries({ queryKey: ['apps'] });
    if (deployment === null) return;
    queries.setQueryData(['deployment', deployment.id], deployment);
    router.push(`/deployments/${deployment.id}`);
  };
}

export function useRollBack(place: Place) {
  const follow = useFollowDeployment(place.app);
  return useMutation({ mutationFn: (release: number) => molo.rollBack({ params: place, body: { release } }), onSuccess: follow });
}

export function useRedeploy(place: Place) {
  const follow = useFollowDeployment(place.app);
  return useMutation({ mutationFn: () => molo.redeploy({ params: place, body: {} }), onSuccess: follow });
}
