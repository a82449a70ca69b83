'use client';

import { type Query, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Me, Right } from '@molo/contracts';
import { live } from '../live/use-live';
import { molo } from '../platform/client';
import { isProblem } from '../platform/problem';

/** While the platform does not answer, the page asks on and heals by itself. */
function askAgainMs(query: Query<Me | null>): number | false {
  return query.state.status === 'error' ? 3_000 : false;
}

/** Who is signed in; null where nobody is, undefined while that is not known. */
export function useMe() {
  return useQuery({ queryKey: ['me'], queryFn: ({ signal }) => readMe(signal), staleTime: 60_000, refetchInterval: askAgainMs });
}

async function readMe(signal: AbortSignal): Promise<Me | null> {
  try {
    return await molo.me({}, { signal });
  } catch (error) {
    if (isProblem(error, 'not_signed_in')) return null;
    throw error;
  }
}

/** Whether the signed-in person may do it, on the platform or on an app; the platform decides in the end. */
export function useMay(right: Right, app?: string): boolean {
  const me = useMe().data;
  if (!me) return false;
  return me.rights.includes(right) || me.apps.some(({ name, rights }) => name === app && rights.includes(right));
}

/** Whether there is anything, the platform or an app, that they may do it on. */
export function useMayAnywhere(right: Right): boolean {
  const me = useMe().data;
  if (!me) return false;
  return me.rights.includes(right) || me.apps.some(({ rights }) => rights.includes(right));
}

export function useSignedIn(): (me: Me) => void {
  const queries = useQueryClient();
  return (me) => {
    queries.clear();
    queries.setQueryData(['me'], me);
  };
}

export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await molo.signOut();
    live.close();
    queries.clear();
    window.location.assign('/sign-in');
  };
}
