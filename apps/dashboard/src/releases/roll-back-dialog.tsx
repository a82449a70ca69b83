'use client';

import type { ReactNode } from 'react';
import type { Release } from '@molo/contracts';
import { commands } from '../apps/commands';
import { releaseName } from '../deployments/deployment-states';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { useRollBack } from './release-queries';
import { rollBackPlan } from './roll-back-plan';

interface RollBackDialogProps {
  readonly target: Release;
  readonly live: Release;
  readonly onClose: () => void;
}

/** Says what a rollback will do before it does it. */
export function RollBackDialog({ target, live, onClose }: RollBackDialogProps) {
  const place = { app: target.app, environment: target.environment };
  const rollBack = useRollBack(place);
  const name = target.version ?? `v${target.number}`;
  return (
    <Dialog title={`Roll ${place.app} back to ${name}?`} onClose={onClose}>
      <div className="flex flex-col gap-5">
        <p className="flex items-center justify-center gap-5 rounded-xl bg-sunken py-4 text-center">
          <Side label="Now live" release={live} />
          <span aria-hidden className="text-2xl text-ink-faint">
            →
          </span>
          <Side label="Then" release={target} />
        </p>
        <ul className="flex list-disc flex-col gap-1.5 pl-5 text-ink-soft marker:text-line-strong">
          <Consequences target={target} live={live} />
        </ul>
        {rollBack.isError && <ProblemNotice error={rollBack.error} answers />}
        <Command text={commands.rollBack(place, target.number)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" busy={rollBack.isPending || rollBack.isSuccess} onClick={() => rollBack.mutate(target.number)}>
            Roll back to {name}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function Side({ label, release }: { readonly label: string; readonly release: Release }) {
  return (
    <span className="min-w-24 wrap-anywhere">
      <span className="block text-[0.8rem] text-ink-faint">{label}</span>
      <span className="tabular block text-2xl leading-tight font-semibold">{release.version ?? `v${release.number}`}</span>
      <span className="block text-[0.8rem] text-ink-soft">v{release.number}</span>
    </span>
  );
}

function Consequences({ target, live }: { readonly target: Release; readonly live: Release }) {
  const plan = rollBackPlan(live, target);
  const lines: ReactNode[] = [
    <>A new release is made with the image and the config of {releaseName(target)}. Nothing is built; the image is kept.</>,
    <>
      {releaseName(live)} serves until the new instances are healthy; then traffic moves over and open connections end by themselves. If they do not get healthy, nothing changes.
    </>,
  ];
  if (plan.keysThatGo.length > 0) lines.push(<>Config that goes: <Keys keys={plan.keysThatGo} /></>);
  if (plan.keysThatCome.length > 0) lines.push(<>Config that comes back: <Keys keys={plan.keysThatCome} /></>);
  for (const { process, from, to } of plan.formationChanges) {
    lines.push(
      <>
        Instances of {process}: {from} → {to}
      </>,
    );
  }
  lines.push(<>Data in databases and volumes stays as it is.</>);
  return lines.map((line, index) => <li key={index}>{line}</li>);
}

function Keys({ keys }: { readonly keys: readonly string[] }) {
  return <code className="font-mono text-[0.83rem] break-words">{keys.join(', ')}</code>;
}
