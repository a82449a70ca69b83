'use client';

import { useId, useState } from 'react';
import dynamic from 'next/dynamic';
import type { Release } from '@molo/contracts';
import { useMay } from '../access/use-me';
import { ProblemNotice } from '../platform/problem-notice';
import { QueryView } from '../platform/query-view';
import { Button } from '../ui/button';
import { Section } from '../ui/card';
import { Empty } from '../ui/notice';
import { ReleaseDetail } from './release-detail';
import { type Place, useReleases } from './release-queries';
import { ReleaseTrack } from './release-track';

// Loaded when it is asked for.
const RollBackDialog = dynamic(() => import('./roll-back-dialog').then((part) => part.RollBackDialog));

export function ReleasesSection({ place }: { readonly place: Place }) {
  const releases = useReleases(place);
  return (
    <Section
      title="Releases"
      hint="Oldest on the left. Pale layers were there already; solid ones moved."
      actions={
        releases.hasNextPage && (
          <Button size="s" busy={releases.isFetchingNextPage} onClick={() => void releases.fetchNextPage()}>
            Older releases
          </Button>
        )
      }
    >
      {releases.isFetchNextPageError && <ProblemNotice error={releases.error} answers />}
      <QueryView query={releases} what="the releases">
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          return items.length === 0 ? <Empty title="No release yet">The first push makes v1.</Empty> : <Releases place={place} releases={items} />;
        }}
      </QueryView>
    </Section>
  );
}

function Releases({ place, releases }: { readonly place: Place; readonly releases: readonly Release[] }) {
  const panelId = useId();
  const mayDeploy = useMay('deploy', place.app);
  const [chosen, setChosen] = useState<number>();
  const [target, setTarget] = useState<Release>();
  const live = releases.find((release) => release.live);
  const selected = releases.find((release) => release.number === chosen) ?? live ?? releases[0];
  if (selected === undefined) return null;
  const mayRollBack = mayDeploy && live !== undefined && !selected.live && selected.deployment?.state !== 'failed';
  return (
    <div className="flex flex-col gap-4">
      <ReleaseTrack releases={releases} selected={selected.number} onSelect={setChosen} panelId={panelId} />
      <ReleaseDetail release={selected} releases={releases} panelId={panelId} onRollBack={mayRollBack ? () => setTarget(selected) : null} />
      {target !== undefined && live !== undefined && <RollBackDialog target={target} live={live} onClose={() => setTarget(undefined)} />}
    </div>
  );
}
