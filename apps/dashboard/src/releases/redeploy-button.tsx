'use client';

import { RefreshCw } from 'lucide-react';
import { useMay } from '../access/use-me';
import { commands } from '../apps/commands';
import { shownProblem } from '../platform/problem';
import { Button } from '../ui/button';
import { type Place, useRedeploy } from './release-queries';

/** Fresh instances of the live release, switched to without a break; so it does not ask first. */
export function RedeployButton({ place }: { readonly place: Place }) {
  const redeploy = useRedeploy(place);
  if (!useMay('deploy', place.app)) return null;
  return (
    <>
      {redeploy.isError && (
        <span role="alert" className="text-[0.87rem] text-bad">
          {shownProblem(redeploy.error).detail}
        </span>
      )}
      <Button size="s" busy={redeploy.isPending} onClick={() => redeploy.mutate()} title={commands.redeploy(place)}>
        <RefreshCw aria-hidden className="size-3.5" />
        Redeploy
      </Button>
    </>
  );
}
