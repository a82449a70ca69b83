'use client';

import { type FormEvent, useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { TokenRight } from '@molo/contracts';
import { fieldErrors, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { shellWord } from '../text/shell-word';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Checkbox, Input, Select } from '../ui/field';
import { ShownOnce } from '../ui/shown-once';
import type { NewToken, TokenHolder } from './token-holder';
import { appsIn, commandOptions, lifetimes } from './token-form';

const meanings: Record<TokenRight, string> = { read: 'Read: see everything', deploy: 'Deploy: push, roll back, config, scale', administer: 'Administer: delete apps, people, audit' };

interface CreateTokenDialogProps {
  readonly title: string;
  readonly holder: TokenHolder;
  readonly onClose: () => void;
}

export function CreateTokenDialog({ title, holder, onClose }: CreateTokenDialogProps) {
  const queries = useQueryClient();
  // Its text waits for no list, and is kept no longer than it is shown.
  const create = useMutation({
    mutationFn: holder.create,
    gcTime: 0,
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: holder.queryKey });
    },
  });
  if (create.data === undefined) {
    return (
      <Dialog title={title} onClose={onClose}>
        <TokenForm holder={holder} onSubmit={create.mutate} busy={create.isPending} error={create.error} onClose={onClose} />
      </Dialog>
    );
  }
  return (
    <Dialog key="made" title="Copy the token now" onClose={onClose}>
      <ShownOnce text={create.data.token} copy="Copy the token" onClose={onClose}>
        Only its fingerprint is kept. Whoever has the token has its rights.
      </ShownOnce>
    </Dialog>
  );
}

interface TokenFormProps {
  readonly holder: TokenHolder;
  readonly onSubmit: (body: NewToken) => void;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onClose: () => void;
}

function TokenForm({ holder, onSubmit, busy, error, onClose }: TokenFormProps) {
  const [name, setName] = useState('');
  const [rights, setRights] = useState<TokenRight[]>(holder.grantable.filter((right) => right !== 'administer'));
  const [apps, setApps] = useState('');
  const [days, setDays] = useState('365');
  const token: NewToken = { name, rights, expiresInDays: days === 'never' ? null : Number(days), ...appsIn(apps) };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit(token);
  };
  const errors = fieldErrors(error);
  const wrongApp = Object.entries(errors).find(([path]) => path.startsWith('apps'))?.[1];
  return (
    <form onSubmit={submit} className="flex flex-col gap-5">
      {error !== null && <ProblemNotice error={error} answers />}
      <Input label="Name" value={name} onChange={(event) => setName(event.target.value)} required maxLength={100} autoFocus autoComplete="off" hint="Where it is used, such as a laptop." error={sentence('It', errors.name)} />
      <RightsField grantable={holder.grantable} rights={rights} onRights={setRights} />
      {holder.limitable && (
        <Input
          label="Only for these apps"
          value={apps}
          onChange={(event) => setApps(event.target.value)}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          hint="Names with spaces between. Empty: for every app that its holder may see."
          error={sentence('One', wrongApp)}
        />
      )}
      <Select label="Lasts" value={days} onChange={(event) => setDays(event.target.value)} options={lifetimes} />
      <Command text={holder.command(name === '' ? 'NAME' : shellWord(name), commandOptions(token))} />
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" tone="primary" busy={busy} disabled={rights.length === 0}>
          Create
        </Button>
      </div>
    </form>
  );
}

interface RightsFieldProps {
  readonly grantable: readonly TokenRight[];
  readonly rights: readonly TokenRight[];
  readonly onRights: (rights: TokenRight[]) => void;
}

function RightsField({ grantable, rights, onRights }: RightsFieldProps) {
  const toggle = (right: TokenRight) => onRights(grantable.filter((each) => (each === right) !== rights.includes(each)));
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-2 text-[0.9rem] font-medium">Rights</legend>
      {grantable.length === 0 && <p className="text-[0.87rem] text-ink-soft">There is nothing to give yet: you have no role on the platform or on an app.</p>}
      {grantable.map((right) => (
        <Checkbox key={right} label={meanings[right]} checked={rights.includes(right)} onChange={() => toggle(right)} />
      ))}
    </fieldset>
  );
}
