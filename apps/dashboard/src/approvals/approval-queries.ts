'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { molo } from '../platform/client';
import type { Place } from '../releases/release-queries';

/** Those that are shown; there are seldom more than a few. */
const limit = 100;

/** What waits for approval, of all apps that one sees. */
export function useApprovals() {
  return useQuery({ queryKey: ['apps', 'approvals'], queryFn: ({ signal }) => molo.listApprovals({ query: { limit } }, { signal }) });
}

/** What waits in one environment. @param isAny whether anything does */
export function useApprovalsOf({ app, environment }: Place, isAny: boolean) {
  return useQuery({
    queryKey: ['app', app, 'approvals'],
    queryFn: ({ signal }) => molo.listApprovals({ query: { limit } }, { signal }),
    select: ({ items }) => items.filter((each) => each.app === app && each.environment === environment),
    enabled: isAny,
  });
}

export function useChanges(deploymentId: string) {
  return useQuery({ queryKey: ['deployment', deploymentId, 'changes'], queryFn: ({ signal }) => molo.getDeploymentChanges({ params: { deploymentId } }, { signal }) });
}

export type Decision = 'approve' | 'decline';

/** @param version of the changes that were looked at */
export function useDecide(deploymentId: string, version: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ decision, word }: { readonly decision: Decision; readonly word: string }) => {
      const said = word.trim() === '' ? {} : { word: word.trim() };
      const params = { deploymentId };
      return decision === 'approve' ? molo.approveDeployment({ params, body: { ...said, version } }) : molo.declineDeployment({ params, body: said });
    },
    onSuccess: (deployment) => {
      queries.setQueryData(['deployment', deploymentId], deployment);
      void queries.invalidateQueries({ queryKey: ['apps'] });
      void queries.invalidateQueries({ queryKey: ['app', deployment.app] });
    },
    // What it would change may be another thing by now, or somebody else has decided.
    onError: () => void queries.invalidateQueries({ queryKey: ['deployment', deploymentId] }),
  });
}
