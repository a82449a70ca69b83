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
import { Input } from '../ui/field';
import { formText } from '../ui/form-text';
import { accountCommands } from './account-commands';

export function ChangePasswordDialog({ email, onClose }: { readonly email: string; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const [tooShort, setTooShort] = useState(false);
  const change = useMutation({
    mutationFn: (form: FormData) => molo.changePassword({ body: { current: formText(form, 'current'), password: formText(form, 'password') } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['sessions'] }),
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
        <p className="text-ink-soft">Every browser but this one is signed out. API tokens and SSH keys go on working.</p>
        {change.isError && errors.current === undefined && errors.password === undefined && <ProblemNotice error={change.error} answers />}
        {/* For the password manager, which else would keep it under no name. */}
        <input type="email" autoComplete="username" value={email} readOnly hidden aria-hidden tabIndex={-1} />
        <Input label="Present password" name="current" type="password" autoComplete="current-password" required maxLength={1024} error={sentence('It', errors.current)} />
        <NewPasswordInput label="New password" error={tooShort ? `Take at least ${shortestPassword} characters.` : sentence('It', errors.password)} />
        <Command text={accountCommands.password()} />
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
