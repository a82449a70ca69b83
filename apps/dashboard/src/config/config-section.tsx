'use client';

import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { ConfigEntry } from '@molo/contracts';
import { Lock } from 'lucide-react';
import { useMay } from '../access/use-me';
import { commands } from '../apps/commands';
import { molo } from '../platform/client';
import { QueryView } from '../platform/query-view';
import type { Place } from '../releases/release-queries';
import { Ago } from '../ui/ago';
import { Button } from '../ui/button';
import { Card, Section } from '../ui/card';
import { Command } from '../ui/command';
import { Empty } from '../ui/notice';
import { SetConfigDialog } from './set-config-dialog';
import { UnsetConfigDialog } from './unset-config-dialog';

type Asked = { readonly kind: 'set'; readonly entry: ConfigEntry | null } | { readonly kind: 'unset'; readonly entry: ConfigEntry };

export function ConfigSection({ place }: { readonly place: Place }) {
  const config = useQuery({ queryKey: ['app', place.app, place.environment, 'config'], queryFn: ({ signal }) => molo.getConfig({ params: place }, { signal }) });
  const mayDeploy = useMay('deploy', place.app);
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  return (
    <Section
      title="Config"
      hint="Environment variables of the instances. A change makes a release without a build."
      actions={
        mayDeploy && (
          <Button tone="primary" size="s" onClick={() => setAsked({ kind: 'set', entry: null })}>
            Set a variable
          </Button>
        )
      }
    >
      <QueryView query={config} what="the config">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No config yet">Settings and secrets that the app reads from its environment go here.</Empty>
          ) : (
            <Card className="overflow-hidden">
              <ul>
                {items.map((entry) => (
                  <ConfigRow key={entry.key} entry={entry} onAsk={mayDeploy ? setAsked : null} />
                ))}
              </ul>
            </Card>
          )
        }
      </QueryView>
      <Command text={commands.setConfig(place)} />
      {asked?.kind === 'set' && <SetConfigDialog place={place} entry={asked.entry} onClose={close} />}
      {asked?.kind === 'unset' && <UnsetConfigDialog place={place} entry={asked.entry} onClose={close} />}
    </Section>
  );
}

function ConfigRow({ entry, onAsk }: { readonly entry: ConfigEntry; readonly onAsk: ((asked: Asked) => void) | null }) {
  return (
    <li className="grid items-center gap-x-5 gap-y-1 border-b border-line px-5 py-3 last:border-0 sm:grid-cols-[minmax(0,15rem)_minmax(0,1fr)_auto]">
      <code className="font-mono text-[0.85rem] font-semibold break-all">{entry.key}</code>
      <span className="min-w-0">
        {entry.value === null ? (
          <span className="flex items-center gap-1.5 text-[0.87rem] text-ink-faint">
            <Lock aria-hidden className="size-3.5" />
            secret, never shown
          </span>
        ) : (
          <code className="block max-h-24 overflow-y-auto font-mono text-[0.83rem] break-all whitespace-pre-wrap text-ink-soft">{entry.value === '' ? '(empty)' : entry.value}</code>
        )}
      </span>
      <span className="flex items-center justify-between gap-1 text-[0.83rem] text-ink-faint">
        <span className="mr-2">
          <Ago at={entry.updatedAt} />
        </span>
        {onAsk !== null && (
          <span className="flex">
            <Button size="s" tone="quiet" onClick={() => onAsk({ kind: 'set', entry })} aria-label={`Change ${entry.key}`}>
              Change
            </Button>
            <Button size="s" tone="quiet" onClick={() => onAsk({ kind: 'unset', entry })} aria-label={`Unset ${entry.key}`}>
              Unset
            </Button>
          </span>
        )}
      </span>
    </li>
  );
}
