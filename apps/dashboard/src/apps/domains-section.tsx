'use client';

import { type FormEvent, useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Domain } from '@molo/contracts';
import { useMay } from '../access/use-me';
import { molo } from '../platform/client';
import { fieldErrors, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { QueryView } from '../platform/query-view';
import type { Place } from '../releases/release-queries';
import { Button } from '../ui/button';
import { Card, Section } from '../ui/card';
import { Chip } from '../ui/chip';
import { Command } from '../ui/command';
import { Input } from '../ui/field';
import { commands } from './commands';

export function DomainsSection({ place }: { readonly place: Place }) {
  const key = ['app', place.app, place.environment, 'domains'];
  const domains = useQuery({ queryKey: key, queryFn: ({ signal }) => molo.listDomains({ params: place }, { signal }) });
  const mayDeploy = useMay('deploy', place.app);
  return (
    <Section title="Domains" hint="Requests for these hosts come here.">
      <QueryView query={domains} what="the domains">
        {({ items }) => (
          <Card className="overflow-hidden">
            <ul>
              {items.map((domain) => (
                <DomainRow key={domain.host} domain={domain} place={place} queryKey={key} mayChange={mayDeploy} />
              ))}
            </ul>
            {mayDeploy && <AddDomain place={place} queryKey={key} />}
          </Card>
        )}
      </QueryView>
      <Command text={commands.domains(place)} />
    </Section>
  );
}

interface DomainRowProps {
  readonly domain: Domain;
  readonly place: Place;
  readonly queryKey: readonly string[];
  readonly mayChange: boolean;
}

function DomainRow({ domain, place, queryKey, mayChange }: DomainRowProps) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => molo.removeDomain({ params: { ...place, host: domain.host } }),
    onSuccess: () => queries.invalidateQueries({ queryKey }),
  });
  return (
    <li className="flex flex-wrap items-center gap-3 border-b border-line px-5 py-3 last:border-0">
      <span className="min-w-0 flex-1 font-medium break-all">{domain.host}</span>
      {domain.builtIn ? (
        <Chip tone="quiet">built in</Chip>
      ) : (
        mayChange && (
          <Button size="s" tone="quiet" busy={remove.isPending} onClick={() => remove.mutate()} aria-label={`Remove ${domain.host}`}>
            Remove
          </Button>
        )
      )}
      {remove.isError && (
        <div className="w-full">
          <ProblemNotice error={remove.error} answers />
        </div>
      )}
    </li>
  );
}

function AddDomain({ place, queryKey }: { readonly place: Place; readonly queryKey: readonly string[] }) {
  const queries = useQueryClient();
  const [host, setHost] = useState('');
  const add = useMutation({
    mutationFn: (name: string) => molo.addDomain({ params: place, body: { host: name } }),
    onSuccess: () => {
      setHost('');
      return queries.invalidateQueries({ queryKey });
    },
  });
  const refused = sentence('It', fieldErrors(add.error).host);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(host.trim());
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3 border-t border-line bg-sunken/50 px-5 py-4">
      {add.isError && refused === undefined && <ProblemNotice error={add.error} answers />}
      <div className="flex items-start gap-3 [&>div]:flex-1">
        <Input label="Add a domain" placeholder="shop.example.com" value={host} onChange={(event) => setHost(event.target.value)} error={refused} autoComplete="off" autoCapitalize="none" spellCheck={false} />
        <Button type="submit" busy={add.isPending} className="mt-[1.8rem]">
          Add
        </Button>
      </div>
    </form>
  );
}
