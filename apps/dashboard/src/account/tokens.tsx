'use client';

import { useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Token } from '@molo/contracts';
import { commands } from '../apps/commands';
import { molo } from '../platform/client';
import { ProblemNotice } from '../platform/problem-notice';
import { QueryView } from '../platform/query-view';
import { formatDate } from '../text/quantities';
import { Ago } from '../ui/ago';
import { Button } from '../ui/button';
import { Card, Section } from '../ui/card';
import { Chip } from '../ui/chip';
import { Command } from '../ui/command';
import { Given } from '../ui/given';
import { Empty } from '../ui/notice';
import { CreateTokenDialog } from './create-token-dialog';

export function TokensSection() {
  const tokens = useQuery({ queryKey: ['tokens'], queryFn: ({ signal }) => molo.listTokens({ query: { limit: 200 } }, { signal }) });
  const [creating, setCreating] = useState(false);
  return (
    <Section
      title="API tokens"
      hint="For git over HTTP, the command line and programs."
      actions={
        <Button size="s" tone="primary" onClick={() => setCreating(true)}>
          Create token
        </Button>
      }
    >
      <QueryView query={tokens} what="the tokens">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No token yet">Create one to push with git over HTTP, or for a program that calls the API.</Empty>
          ) : (
            <Card className="overflow-hidden">
              <ul>
                {items.map((token) => (
                  <TokenRow key={token.id} token={token} />
                ))}
              </ul>
            </Card>
          )
        }
      </QueryView>
      <Command text={commands.tokens()} />
      {creating && <CreateTokenDialog onClose={() => setCreating(false)} />}
    </Section>
  );
}

function TokenRow({ token }: { readonly token: Token }) {
  const queries = useQueryClient();
  const [sure, setSure] = useState(false);
  const revoke = useMutation({
    mutationFn: () => molo.revokeToken({ params: { tokenId: token.id } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tokens'] }),
  });
  return (
    <li className="flex flex-wrap items-center gap-x-5 gap-y-2 border-b border-line px-5 py-3 last:border-0">
      <div className="min-w-0 flex-1 basis-56">
        <p className="truncate font-medium"><Given text={token.name} /></p>
        <p className="text-[0.87rem] text-ink-faint">
          Made <Ago at={token.createdAt} />, {token.lastUsedAt === null ? 'never used' : <>used <Ago at={token.lastUsedAt} /></>}, {token.expiresAt === null ? 'does not expire' : `expires ${formatDate(Date.parse(token.expiresAt))}`}
        </p>
      </div>
      <span className="flex gap-1.5">
        {token.rights.map((right) => (
          <Chip key={right} tone="quiet">
            {right}
          </Chip>
        ))}
      </span>
      <Button size="s" className="ml-auto" tone={sure ? 'danger' : 'quiet'} busy={revoke.isPending} onClick={() => (sure ? revoke.mutate() : setSure(true))} onBlur={() => setSure(false)} aria-label={sure ? `Really revoke ${token.name}` : `Revoke ${token.name}`}>
        {sure ? 'Really revoke' : 'Revoke'}
      </Button>
      {revoke.isError && (
        <div className="w-full">
          <ProblemNotice error={revoke.error} answers />
        </div>
      )}
    </li>
  );
}
