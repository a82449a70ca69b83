'use client';

import { type FormEvent, useState } from 'react';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { Formation } from '@molo/contracts';
import { Minus, Plus } from 'lucide-react';
import { useMay } from '../access/use-me';
import { commands } from '../apps/commands';
import { molo } from '../platform/client';
import { ProblemNotice } from '../platform/problem-notice';
import { QueryView } from '../platform/query-view';
import { type Place, useFollowDeployment } from '../releases/release-queries';
import { Button } from '../ui/button';
import { Card, Section } from '../ui/card';
import { Command } from '../ui/command';
import { Empty } from '../ui/notice';

const mostInstances = 100;

export function FormationSection({ place }: { readonly place: Place }) {
  const formation = useQuery({ queryKey: ['app', place.app, place.environment, 'formation'], queryFn: ({ signal }) => molo.getFormation({ params: place }, { signal }) });
  return (
    <Section title="Scale" hint="How many instances of each process type. A change makes a release without a build.">
      <QueryView query={formation} what="the formation">
        {(known) => (Object.keys(known).length === 0 ? <Empty title="Nothing to scale yet">The first release brings its process types.</Empty> : <ScaleForm key={JSON.stringify(known)} place={place} known={known} />)}
      </QueryView>
    </Section>
  );
}

function ScaleForm({ place, known }: { readonly place: Place; readonly known: Formation }) {
  const [wanted, setWanted] = useState(known);
  const mayDeploy = useMay('deploy', place.app);
  const follow = useFollowDeployment(place.app);
  const scale = useMutation({ mutationFn: (body: Formation) => molo.scale({ params: place, body }), onSuccess: ({ deployment }) => follow(deployment) });
  const changed = Object.fromEntries(Object.entries(wanted).filter(([process, count]) => known[process] !== count));
  const isChanged = Object.keys(changed).length > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isChanged) scale.mutate(changed);
  };
  const shownCommand = Object.entries(isChanged ? changed : wanted).map(([process, count]) => `${process}=${count}`);
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {scale.isError && <ProblemNotice error={scale.error} answers />}
      <Card className="overflow-hidden">
        <ul>
          {Object.entries(wanted).map(([process, count]) => (
            <Stepper key={process} process={process} count={count} disabled={!mayDeploy} onCount={(next) => setWanted({ ...wanted, [process]: next })} />
          ))}
        </ul>
        {mayDeploy && isChanged && (
          <div className="flex justify-end gap-2 border-t border-line bg-sunken/50 px-5 py-3">
            <Button size="s" onClick={() => setWanted(known)}>
              Undo
            </Button>
            <Button size="s" type="submit" tone="primary" busy={scale.isPending}>
              Scale
            </Button>
          </div>
        )}
      </Card>
      <Command text={commands.scale(place, shownCommand.join(' '))} />
    </form>
  );
}

interface StepperProps {
  readonly process: string;
  readonly count: number;
  readonly disabled: boolean;
  readonly onCount: (count: number) => void;
}

function Stepper({ process, count, disabled, onCount }: StepperProps) {
  const set = (next: number) => onCount(Math.min(mostInstances, Math.max(0, Number.isFinite(next) ? Math.trunc(next) : 0)));
  return (
    <li className="flex items-center justify-between gap-4 border-b border-line px-5 py-3 last:border-0">
      <span className="font-medium">{process}</span>
      <span className="flex items-center gap-1.5">
        <Button size="s" aria-label={`One ${process} less`} disabled={disabled || count === 0} onClick={() => set(count - 1)}>
          <Minus aria-hidden className="size-3.5" />
        </Button>
        <input
          type="number"
          inputMode="numeric"
          min={0}
          max={mostInstances}
          aria-label={`Instances of ${process}`}
          value={count}
          disabled={disabled}
          onChange={(event) => set(event.target.valueAsNumber)}
          className="tabular h-8 w-14 [appearance:textfield] rounded-lg [&::-webkit-inner-spin-button]:appearance-none border border-line-strong bg-surface text-center"
        />
        <Button size="s" aria-label={`One ${process} more`} disabled={disabled || count === mostInstances} onClick={() => set(count + 1)}>
          <Plus aria-hidden className="size-3.5" />
        </Button>
      </span>
    </li>
  );
}
