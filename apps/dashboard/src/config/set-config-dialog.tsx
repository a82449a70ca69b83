'use client';

import { type FormEvent, useState } from 'react';
import { type ConfigEntry, ConfigKey } from '@molo/contracts';
import { fieldErrors } from '../platform/problem';
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
  const [refused, setRefused] = useState<string>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const checked = ConfigKey.safeParse(key);
    setRefused(checked.success ? undefined : `The name ${checked.error.issues[0]?.message ?? 'is not valid'}.`);
    if (checked.success) update.mutate({ set: { [key]: value }, secret });
  };
  return (
    <Dialog title={entry === null ? 'Set a variable' : `Change ${entry.key}`} onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        {update.isError && <ProblemNotice error={update.error} answers />}
        {entry === null && (
          <Input
            label="Name"
            value={key}
            onChange={(event) => setKey(event.target.value)}
            error={refused ?? fieldErrors(update.error)[`set.${key}`]}
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
        />
        <Checkbox label="Secret: encrypted, and never shown again" checked={secret} onChange={(event) => setSecret(event.target.checked)} />
        <p className="text-[0.87rem] text-ink-faint">Where a release is live, a new one with this change is deployed at once, without a build and without a break.</p>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" busy={update.isPending}>
            Set and deploy
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
