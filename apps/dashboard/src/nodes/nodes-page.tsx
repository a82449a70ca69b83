'use client';

import { useQuery } from '@tanstack/react-query';
import type { Node } from '@molo/contracts';
import { commands } from '../apps/commands';
import { molo } from '../platform/client';
import { allPages } from '../platform/pages';
import { QueryView } from '../platform/query-view';
import { countOf, formatMemory } from '../text/quantities';
import { Ago } from '../ui/ago';
import { Card, Fact } from '../ui/card';
import { Chip } from '../ui/chip';
import { Command } from '../ui/command';
import { Empty } from '../ui/notice';
import { Meter } from './meter';

export function NodesPage() {
  const nodes = useQuery({ queryKey: ['nodes'], queryFn: ({ signal }) => allPages((query, options) => molo.listNodes({ query }, options), signal), refetchInterval: 5_000 });
  return (
    <div className="flex flex-col gap-6">
      <div>
        <h1 className="text-2xl font-semibold tracking-tight">Nodes</h1>
        <p className="mt-1 text-ink-soft">Machines with an agent. They run what they were told even while the platform is away.</p>
      </div>
      <QueryView query={nodes} what="the nodes">
        {(items) =>
          items.length === 0 ? (
            <Empty title="No node yet">The machine of the platform joins by itself when its agent starts.</Empty>
          ) : (
            <ul className="grid gap-5 lg:grid-cols-2">
              {items.map((node) => (
                <NodeCard key={node.id} node={node} />
              ))}
            </ul>
          )
        }
      </QueryView>
      <Command text={commands.nodes()} />
    </div>
  );
}

function NodeCard({ node }: { readonly node: Node }) {
  const behind = node.appliedGeneration < node.generation;
  return (
    <li>
      <Card className="flex h-full flex-col gap-5 p-5">
        <div className="flex flex-wrap items-center justify-between gap-3">
          <h2 className="text-lg font-semibold tracking-tight">{node.name}</h2>
          <span className="flex gap-2">
            {node.online && behind && <Chip tone="busy" dot>Catching up</Chip>}
            {node.availability !== 'active' && <Chip tone="busy">{node.availability === 'cordoned' ? 'Cordoned' : node.instances === 0 ? 'Drained' : 'Draining'}</Chip>}
            <Chip tone={node.online ? 'good' : 'bad'} dot>
              {node.online ? 'Online' : 'Offline'}
            </Chip>
          </span>
        </div>
        <div className="grid gap-4 sm:grid-cols-2">
          <Meter name="Memory" used={node.memoryUsedBytes} total={node.memoryBytes} format={formatMemory} />
          <Meter name="Disk" used={node.diskUsedBytes} total={node.diskBytes} format={formatMemory} />
        </div>
        <dl className="grid grid-cols-2 gap-4 border-t border-line pt-4 text-[0.93rem] sm:grid-cols-4">
          <Fact name="Runs">{countOf(node.instances, 'instance')}</Fact>
          <Fact name="Processors">{node.cpus ?? '–'}</Fact>
          <Fact name="Agent">{node.agentVersion ?? '–'}</Fact>
          <Fact name="Docker Engine">{node.engineVersion ?? '–'}</Fact>
        </dl>
        <p className="flex flex-wrap items-center gap-2 text-[0.87rem] text-ink-faint">
          {node.roles.map((role) => (
            <Chip key={role} tone="quiet">
              {role}
            </Chip>
          ))}
          <span className="ml-auto">{node.lastSeenAt === null ? 'never seen' : <>seen <Ago at={node.lastSeenAt} /></>}</span>
        </p>
      </Card>
    </li>
  );
}
