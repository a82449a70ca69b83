'use client';

import { type FormEvent, useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMe } from '../access/use-me';
import { molo } from '../platform/client';
import { fieldErrors, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Copyable } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Checkbox, Input } from '../ui/field';
import { formText } from '../ui/form-text';
import { Notice } from '../ui/notice';

const grantable = ['read', 'deploy', 'administer'] as const;
type Grantable = (typeof grantable)[number];

const meanings: Record<Grantable, string> = { read: 'Read: see everything', deploy: 'Deploy: push, roll back, config, scale', administer: 'Administer: delete apps, audit' };
const lifetimes = [
  { days: '30', name: '30 days' },
  { days: '90', name: '90 days' },
  { days: '365', name: 'a year' },
  { days: 'never', name: 'no end' },
] as const;

export function CreateTokenDialog({ onClose }: { readonly onClose: () => void }) {
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: (body: { name: string; rights: Grantable[]; expiresInDays: number | null }) => molo.createToken({ body }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['tokens'] }),
  });
  if (create.data !== undefined) return <Created token={create.data.token} onClose={onClose} />;
  return (
    <Dialog title="Create an API token" onClose={onClose}>
      <TokenForm onSubmit={create.mutate} busy={create.isPending} error={create.error} onClose={onClose} />
    </Dialog>
  );
}

interface TokenFormProps {
  readonly onSubmit: (body: { name: string; rights: Grantable[]; expiresInDays: number | null }) => void;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onClose: () => void;
}

function TokenForm({ onSubmit, busy, error, onClose }: TokenFormProps) {
  const mine = useMe().data?.rights ?? [];
  const [rights, setRights] = useState<Grantable[]>(grantable.filter((right) => right !== 'administer' && mine.includes(right)));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const days = formText(form, 'days');
    onSubmit({ name: formText(form, 'name'), rights, expiresInDays: days === 'never' ? null : Number(days) });
  };
  const toggle = (right: Grantable) => setRights(rights.includes(right) ? rights.filter((other) => other !== right) : [...rights, right]);
  return (
    <form onSubmit={submit} className="flex flex-col gap-5">
      {error !== null && <ProblemNotice error={error} answers />}
      <Input label="Name" name="name" required maxLength={100} autoFocus autoComplete="off" placeholder="My laptop" error={sentence('It', fieldErrors(error).name)} />
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-2 text-[0.9rem] font-medium">Rights</legend>
        {grantable
          .filter((right) => mine.includes(right))
          .map((right) => (
            <Checkbox key={right} label={meanings[right]} checked={rights.includes(right)} onChange={() => toggle(right)} />
          ))}
      </fieldset>
      <label className="flex flex-col gap-1.5 text-[0.9rem] font-medium">
        Lasts
        <select name="days" defaultValue="365" className="h-10 rounded-lg border border-line-strong bg-surface px-3 font-normal">
          {lifetimes.map(({ days, name }) => (
            <option key={days} value={days}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" tone="primary" busy={busy} disabled={rights.length === 0}>
          Create
        </Button>
      </div>
    </form>
  );
}

function Created({ token, onClose }: { readonly token: string; readonly onClose: () => void }) {
  return (
    <Dialog title="Copy the token now" onClose={onClose}>
      <div className="flex flex-col gap-5">
        <Notice tone="warn" title="It is shown this once">
          Only its fingerprint is kept. Whoever has the token has its rights.
        </Notice>
        <div className="rounded-lg border border-line bg-sunken px-3 py-2">
          <Copyable text={token} label="Copy the token" />
        </div>
        <div className="flex justify-end">
          <Button tone="primary" onClick={onClose}>
            Done
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
