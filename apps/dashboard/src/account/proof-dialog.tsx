'use client';

import type { FormEvent, ReactNode } from 'react';
import { CodeInput } from '../access/code-input';
import { fieldErrors, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { Button, type ButtonTone } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { formText } from '../ui/form-text';
import { PasswordInput } from './password-input';

interface Proof {
  readonly password: string;
  readonly code: string;
}

interface ProofDialogProps {
  readonly title: string;
  /** What comes of it. */
  readonly children: ReactNode;
  readonly email: string;
  readonly command: string;
  readonly action: string;
  readonly tone?: ButtonTone;
  readonly change: { readonly isPending: boolean; readonly error: unknown; readonly mutate: (proof: Proof) => void };
  readonly onClose: () => void;
}

/** Asks for password and code before what takes both. */
export function ProofDialog({ title, children, email, command, action, tone = 'primary', change, onClose }: ProofDialogProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    change.mutate({ password: formText(form, 'password'), code: formText(form, 'code') });
  };
  const { password, code } = fieldErrors(change.error);
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit} className="flex flex-col gap-5">
        <p className="text-ink-soft">{children}</p>
        {change.error !== null && password === undefined && code === undefined && <ProblemNotice error={change.error} answers />}
        <PasswordInput email={email} error={sentence('It', password)} />
        <CodeInput error={sentence('It', code)} />
        <Command text={command} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone={tone} busy={change.isPending}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
