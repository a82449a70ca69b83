'use client';

import { useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Token } from '@molo/contracts';
import { PagedList } from '../platform/paged-list';
import { usePages } from '../platform/pages';
import { ProblemNotice } from '../platform/problem-notice';
import { formatDate } from '../text/quantities';
import { Ago } from '../ui/ago';
import { Button } from '../ui/button';
import { Chip } from '../ui/chip';
import { Given } from '../ui/given';
import { Empty } from '../ui/notice';
import type { TokenHolder } from './token-holder';

/** `none`: what to do where there is no token yet. */
export function TokenList({ holder, none }: { readonly holder: TokenHolder; readonly none: string }) {
  const tokens = usePages(holder.queryKey, holder.list);
  return (
    <PagedList
      query={tokens}
      what="the tokens"
      more="Show older tokens"
      empty={<Empty title="No token yet">{none}</Empty>}
      row={(token) => <TokenRow key={token.id} token={token} holder={holder} />}
    />
  );
}

function TokenRow({ token, holder }: { readonly token: Token; readonly holder: TokenHolder }) {
  const queries = useQueryClient();
  const [sure, setSure] = useState(false);
  const revoke = useMutation({ mutationFn: () => holder.revoke(token.id), onSuccess: () => queries.invalidateQueries({ queryKey: holder.queryKey }) });
  return (
    <li className="flex flex-wrap items-center gap-x-5 gap-y-2 border-b border-line px-5 py-3 last:border-0">
      <div className="min-w-0 flex-1 basis-56">
        <p className="truncate font-medium"><Given text={token.name} /></p>
        <p className="text-[0.87rem] text-ink-faint">
          Made <Ago at={token.createdAt} />, {token.lastUsedAt === null ? 'never used' : <>used <Ago at={token.lastUsedAt} /></>}, {endOf(token)}
        </p>
        {token.apps !== null && <p className="text-[0.87rem] text-ink-faint">{token.apps.length === 0 ? 'For no app any more' : `Only for ${token.apps.join(', ')}`}</p>}
      </div>
      <span className="flex flex-wrap gap-1.5">
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

function endOf({ expiresAt }: Token): string {
  if (expiresAt === null) return 'does not expire';
  const at = Date.parse(expiresAt);
  return at < Date.now() ? `expired ${formatDate(at)}` : `expires ${formatDate(at)}`;
}
