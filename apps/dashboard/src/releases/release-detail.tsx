'use client';

import Link from 'next/link';
import type { Release } from '@molo/contracts';
import { RotateCcw } from 'lucide-react';
import { commands } from '../apps/commands';
import { releaseName, shownReasons } from '../deployments/deployment-states';
import { StateChip } from '../deployments/state-chip';
import { formatBytes } from '../text/quantities';
import { Ago } from '../ui/ago';
import { Button, buttonClasses } from '../ui/button';
import { Card, Fact } from '../ui/card';
import { Command, Copyable } from '../ui/command';
import { Given } from '../ui/given';
import { Notice } from '../ui/notice';
import { LayerStack } from './layer-stack';
import { layersOf } from './layers';
import { RedeployButton } from './redeploy-button';
import { ReceiptView } from './receipt-view';
import { imageOrigin } from './roll-back-plan';

interface ReleaseDetailProps {
  readonly release: Release;
  readonly releases: readonly Release[];
  readonly panelId: string;
  /** Null where it cannot be made live by the one who looks. */
  readonly onRollBack: (() => void) | null;
}

export function ReleaseDetail({ release, releases, panelId, onRollBack }: ReleaseDetailProps) {
  const place = { app: release.app, environment: release.environment };
  return (
    <div role="tabpanel" id={panelId} aria-labelledby={`release-${release.number}`}>
      <Card>
        <div className="flex flex-wrap items-center justify-between gap-3 border-b border-line px-5 py-4">
          <h3 className="flex flex-wrap wrap-anywhere items-center gap-x-3 gap-y-1 text-lg font-semibold tracking-tight">
            {releaseName(release)}
            {release.live ? <StateChip state="live" /> : release.deployment !== null && release.deployment.state !== 'live' && <StateChip state={release.deployment.state} />}
          </h3>
          <div className="flex flex-wrap items-center gap-2">
            {release.deployment !== null && (
              <Link href={`/deployments/${release.deployment.id}`} className={buttonClasses('plain', 's')}>
                Its deployment
              </Link>
            )}
            {release.live && <RedeployButton place={place} />}
            {onRollBack !== null && (
              <Button size="s" tone="primary" onClick={onRollBack}>
                <RotateCcw aria-hidden className="size-3.5" />
                Roll back to {release.version ?? `v${release.number}`}
              </Button>
            )}
          </div>
        </div>
        <div className="grid gap-x-10 gap-y-7 p-5 lg:grid-cols-2">
          <Facts release={release} origin={imageOrigin(release, releases)} />
          <div className="flex flex-col gap-6">
            <LayerStack layers={layersOf(release)} />
            <Traffic release={release} />
          </div>
        </div>
        <div className="border-t border-line px-5 py-3">
          <Command text={release.live ? commands.releases(place) : commands.rollBack(place, release.number)} />
        </div>
      </Card>
    </div>
  );
}

function Traffic({ release }: { readonly release: Release }) {
  const { deployment } = release;
  if (deployment?.receipt) return <ReceiptView receipt={deployment.receipt} state={deployment.state} />;
  if (deployment?.state === 'failed') {
    return (
      <Notice tone="bad" title="It never went live" actions={<Link href={`/deployments/${deployment.id}`} className={buttonClasses('plain', 's')}>See why</Link>}>
        Its deployment failed before the switch; the release before it served on.
      </Notice>
    );
  }
  return <p className="text-[0.9rem] text-ink-soft">The receipt comes when its deployment ends.</p>;
}

function Facts({ release, origin }: { readonly release: Release; readonly origin: Release | null }) {
  const { commit, formation, configKeys, image } = release;
  return (
    <dl className="grid grid-cols-2 content-start gap-x-6 gap-y-5">
      <Fact name="Made by">
        <Given text={release.createdBy.name} />
      </Fact>
      <Fact name="When">
        <Ago at={release.createdAt} />
      </Fact>
      <Fact name="Reason">
        {shownReasons[release.reason]}
        {origin !== null && <span className="font-normal text-ink-soft">, image of v{origin.number}</span>}
      </Fact>
      <Fact name="Instances">{Object.entries(formation).map(([process, count]) => `${process} ${count}`).join(', ') || 'none'}</Fact>
      {commit !== null && (
        <Fact name="Commit" className="col-span-2">
          <span className="block">
            <Given text={commit.subject} />
          </span>
          <span className="flex flex-wrap items-center gap-x-2 text-[0.87rem] font-normal text-ink-soft">
            <Copyable text={commit.id.slice(0, 12)} label="Copy the commit" /> by <Given text={commit.author} />
          </span>
        </Fact>
      )}
      <Fact name="Config" className="col-span-2">
        {configKeys.length === 0 ? (
          <span className="font-normal text-ink-soft">none</span>
        ) : (
          <span className="flex flex-wrap gap-1.5">
            {configKeys.map((key) => (
              <code key={key} className="rounded bg-sunken px-1.5 py-0.5 font-mono text-[0.78rem] font-normal">
                {key}
              </code>
            ))}
          </span>
        )}
      </Fact>
      <Fact name={`Image, ${formatBytes(image.bytes)}`} className="col-span-2">
        <Copyable text={image.reference} label="Copy the image's reference" />
      </Fact>
    </dl>
  );
}
