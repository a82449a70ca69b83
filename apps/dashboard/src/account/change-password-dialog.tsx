'use client';

import { type FormEvent, useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { NewPasswordInput } from '../access/new-password-input';
import { shortestPassword } from '../access/use-entry';
import { molo } from '../platform/client';
import { fieldErrors, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Checkbox, Input } from '../ui/field';
import { formText } from '../ui/form-text';
import { Given } from '../ui/given';
import { accountCommands } from './account-commands';
import { namedAll, signedOut, useOwnAccess } from './own-access';

/** What is to end with the old password besides the sessions, which always do. */
interface Ending {
  readonly revokeTokens: boolean;
  readonly removeKeys: boolean;
}

export function ChangePasswordDialog({ email, onClose }: { readonly email: string; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const [tooShort, setTooShort] = useState(false);
  const [ending, setEnding] = useState<Ending>({ revokeTokens: false, removeKeys: false });
  const change = useMutation({
    mutationFn: (form: FormData) => molo.changePassword({ body: { current: formText(form, 'current'), password: formText(form, 'password'), ...ending } }),
    onSuccess: () => Promise.all([['sessions'], ['tokens'], ['ssh-keys']].map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const short = formText(form, 'password').length < shortestPassword;
    setTooShort(short);
    if (!short) change.mutate(form, { onSuccess: onClose });
  };
  const errors = fieldErrors(change.error);
  return (
    <Dialog title="Change your password" onClose={onClose}>
      <form onSubmit={submit} className="flex flex-col gap-5">
        {change.isError && errors.current === undefined && errors.password === undefined && <ProblemNotice error={change.error} answers />}
        {/* For the password manager, which else would keep it under no name. */}
        <input type="email" autoComplete="username" value={email} readOnly hidden aria-hidden tabIndex={-1} />
        <Input label="Present password" name="current" type="password" autoComplete="current-password" required maxLength={1024} error={sentence('It', errors.current)} />
        <NewPasswordInput label="New password" error={tooShort ? `Take at least ${shortestPassword} characters.` : sentence('It', errors.password)} />
        <EndingField ending={ending} onEnding={setEnding} />
        <Command text={accountCommands.password(ending)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" busy={change.isPending}>
            Change
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Whoever knew the old password may have made a token with it, or have added a key. */
function EndingField({ ending, onEnding }: { readonly ending: Ending; readonly onEnding: (ending: Ending) => void }) {
  const { sessions, tokens, sshKeys } = useOwnAccess();
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="mb-2 text-[0.9rem] font-medium">What ends with the old password</legend>
      <p className="text-[0.93rem] text-ink-soft">
        {signedOut(sessions)} Tokens and keys go on working unless you choose here that they end. By command, this browser is signed out too.
      </p>
      <Checkbox label="Revoke all my API tokens" hint={tokens && <Given text={namedAll(tokens, 'API token')} />} checked={ending.revokeTokens} onChange={(event) => onEnding({ ...ending, revokeTokens: event.target.checked })} />
      <Checkbox label="Remove all my SSH keys" hint={sshKeys && <Given text={namedAll(sshKeys, 'SSH key')} />} checked={ending.removeKeys} onChange={(event) => onEnding({ ...ending, removeKeys: event.target.checked })} />
    </fieldset>
  );
}
