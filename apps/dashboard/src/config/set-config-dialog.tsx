'use client';

import { type FormEvent, useState } from 'react';
import type { ConfigEntry } from '@molo/contracts';
import { fieldErrors, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import type { Place } from '../releases/release-queries';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Checkbox, Input, TextArea } from '../ui/field';
import { useUpdateConfig } from './use-update-config';

interface SetConfigDialogProps {
  readonly place: Place;
  /** Null to set a new one. */
  readonly entry: ConfigEntry | null;
  readonly onClose: () => void;
}

export function SetConfigDialog({ place, entry, onClose }: SetConfigDialogProps) {
  const update = useUpdateConfig(place, onClose);
  const [key, setKey] = useState(entry?.key ?? '');
  const [value, setValue] = useState(entry?.value ?? '');
  const [secret, setSecret] = useState(entry?.secret ?? false);
  const refused = sentence('It', fieldErrors(update.error)[`set.${key}`]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    update.mutate({ set: { [key]: value }, secret });
  };
  return (
    <Dialog title={entry === null ? 'Set a variable' : `Change ${entry.key}`} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        {update.isError && refused === undefined && <ProblemNotice error={update.error} answers />}
        {entry === null && (
          <Input
            label="Name"
            value={key}
            onChange={(event) => setKey(event.target.value)}
            error={refused}
            className="font-mono"
            placeholder="DATABASE_URL"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
          />
        )}
        <TextArea
          label={entry?.secret === true ? 'New value' : 'Value'}
          value={value}
          onChange={(event) => setValue(event.target.value)}
          rows={3}
          className="font-mono text-[0.87rem]"
          autoComplete="off"
          spellCheck={false}
          autoFocus={entry !== null}
          error={entry === null ? undefined : refused}
        />
        <Checkbox label="Secret: encrypted, and never shown again" checked={secret} onChange={(event) => setSecret(event.target.checked)} />
        <SetActions busy={update.isPending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

function SetActions({ busy, onClose }: { readonly busy: boolean; readonly onClose: () => void }) {
  return (
    <>
      <p className="text-[0.87rem] text-ink-faint">Where a release is live, a new one with this change is deployed at once, without a build and without a break.</p>
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" tone="primary" busy={busy}>
          Set and deploy
        </Button>
      </div>
    </>
  );
}
