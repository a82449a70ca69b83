'use client';

import { useEffect, useState } from 'react';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { AppError, type DeploymentEvent } from '@molo/contracts';
import { live } from '../live/use-live';
import { molo } from '../platform/client';
import type { Place } from '../releases/release-queries';
import { emptyStory, hasGap, type Story, tell } from './story';

export function useDeployment(deploymentId: string) {
  return useQuery({ queryKey: ['deployment', deploymentId], queryFn: ({ signal }) => molo.getDeployment({ params: { deploymentId } }, { signal }) });
}

export function useDeployments({ app, environment }: Place) {
  return useInfiniteQuery({
    queryKey: ['app', app, environment, 'deployments'],
    queryFn: ({ pageParam, signal }) => molo.listDeployments({ params: { app, environment }, query: { cursor: pageParam, limit: 25 } }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor ?? undefined,
  });
}

export function useCancel(deploymentId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => molo.cancelDeployment({ params: { deploymentId }, body: {} }),
    onSuccess: (deployment) => queries.setQueryData(['deployment', deploymentId], deployment),
  });
}

/** Events come in bursts; the page draws them together, within a frame. */
const drawWithinMs = 16;

/** Follows a deployment from its first event on. A change of state reads the deployment itself again. */
export function useDeploymentStory(deploymentId: string): { readonly story: Story; readonly refused: AppError | null } {
  const queries = useQueryClient();
  const [story, setStory] = useState(emptyStory);
  const [refused, setRefused] = useState<AppError | null>(null);
  useEffect(() => {
    const topic = { topic: 'deployment', deploymentId } as const;
    let told = emptyStory;
    let waiting: DeploymentEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      timer = undefined;
      const before = told;
      told = tell(told, waiting);
      waiting = [];
      setStory(told);
      if (hasGap(told) && !hasGap(before)) live.resume(topic);
      if (told.state !== before.state || told.receipt !== before.receipt) void queries.invalidateQueries({ queryKey: ['deployment', deploymentId] });
    };
    const leave = live.follow(topic, {
      after: () => told.lastSeq,
      onEvent: (event) => {
        waiting.push(event);
        timer ??= setTimeout(draw, drawWithinMs);
      },
      onRefused: (problem) => setRefused(new AppError(problem.code, { detail: problem.detail })),
    });
    return () => {
      clearTimeout(timer);
      leave();
      setStory(emptyStory);
      setRefused(null);
    };
  }, [deploymentId, queries]);
  return { story, refused };
}
