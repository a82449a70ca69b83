'use client';

import { useQuery } from '@tanstack/react-query';
import type { Instance } from '@molo/contracts';
import { commands } from '../apps/commands';
import { molo } from '../platform/client';
import { QueryView } from '../platform/query-view';
import type { Place } from '../releases/release-queries';
import { countOf, formatMemory } from '../text/quantities';
import { Since } from '../ui/ago';
import { Card, Section } from '../ui/card';
import { Chip } from '../ui/chip';
import { Command } from '../ui/command';
import { Empty } from '../ui/notice';
import { shownInstanceState, troubleOf } from './instance-states';
import { MemoryMeter } from './memory-meter';

export function InstancesSection({ place }: { readonly place: Place }) {
  const instances = useQuery({
    queryKey: ['app', place.app, place.environment, 'instances'],
    queryFn: ({ signal }) => molo.listInstances({ params: place }, { signal }),
    // Memory changes without an event; states come at once by the socket.
    refetchInterval: 5_000,
  });
  return (
    <Section title="Instances" hint="Containers of the release, what they use and how they fare.">
      <QueryView query={instances} what="the instances">
        {({ items }) => (items.length === 0 ? <Empty title="No instance runs">A release with a process type scaled above 0 starts some.</Empty> : <InstanceTable instances={items} />)}
      </QueryView>
      <Command text={commands.instances(place)} />
    </Section>
  );
}

function InstanceTable({ instances }: { readonly instances: readonly Instance[] }) {
  return (
    <Card className="overflow-hidden">
      <table className="block w-full text-[0.93rem] md:table">
        <thead className="sr-only md:not-sr-only">
          <tr className="text-left text-[0.8rem] text-ink-faint [&>th]:px-5 [&>th]:py-2.5 [&>th]:font-medium">
            <th scope="col">Instance</th>
            <th scope="col">State</th>
            <th scope="col">Release</th>
            <th scope="col">Node</th>
            <th scope="col">Memory</th>
            <th scope="col">Restarts</th>
          </tr>
        </thead>
        {instances.map((instance) => (
          <InstanceRows key={instance.id} instance={instance} />
        ))}
      </table>
    </Card>
  );
}

function InstanceRows({ instance }: { readonly instance: Instance }) {
  const { label, tone } = shownInstanceState(instance);
  const trouble = troubleOf(instance);
  return (
    <tbody className="block border-t border-line py-2 first-of-type:border-0 md:table-row-group md:py-0 md:first-of-type:border-t">
      <tr className="grid grid-cols-2 items-center gap-y-2 py-1.5 md:table-row [&>*]:px-5 md:[&>*]:border-t md:[&>*]:border-line md:[&>*]:py-3">
        <th scope="row" className="text-left font-semibold whitespace-nowrap">
          {instance.name}
          {instance.serving && <span className="ml-2 text-[0.78rem] font-medium text-good">serving</span>}
        </th>
        <td className="justify-self-end md:justify-self-auto">
          <Chip tone={instance.outOfMemory && tone !== 'good' ? 'bad' : tone} dot>
            {label}
          </Chip>
        </td>
        <td className="tabular whitespace-nowrap">
          v{instance.release}
          {instance.version !== null && <span className="text-ink-soft"> · {instance.version}</span>}
        </td>
        <td className="justify-self-end text-ink-soft md:justify-self-auto">{instance.node}</td>
        <td className="col-span-2">
          <MemoryMeter usedBytes={instance.memoryBytes} limitBytes={instance.memoryLimitBytes} />
        </td>
        <td className="tabular col-span-2 text-ink-soft">
          {countOf(instance.restarts, 'restart')}
          {instance.startedAt !== null && (
            <span className="block text-[0.8rem] text-ink-faint">
              up <Since at={instance.startedAt} />
            </span>
          )}
        </td>
      </tr>
      {trouble !== null && (
        <tr className="block md:table-row">
          <td colSpan={6} className="block px-5 pb-3 text-[0.87rem] md:table-cell">
            <span className="block rounded-lg bg-bad-soft px-3.5 py-2.5">
              {instance.outOfMemory && <span className="font-semibold text-bad">Killed for memory, at {formatMemory(instance.memoryLimitBytes)}. </span>}
              <span className="whitespace-pre-line text-ink-soft">{trouble}</span>
            </span>
          </td>
        </tr>
      )}
    </tbody>
  );
}
