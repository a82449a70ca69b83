'use client';

import type { FormEvent } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { SecondFactorSecret } from '@molo/contracts';
import { CodeInput } from '../access/code-input';
import { accountCommands } from './account-commands';
import { molo } from '../platform/client';
import { fieldErrors, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Command, Copyable } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { formText } from '../ui/form-text';
import { PasswordInput } from './password-input';
import { QrCode } from './qr-code';
import { RecoveryCodesShown } from './recovery-codes-shown';

interface EnableDialogProps {
  readonly email: string;
  readonly onClose: () => void;
}

/** The password, then the secret and a code of it, then the recovery codes. Closed before the code, nothing has changed. */
export function EnableSecondFactorDialog({ email, onClose }: EnableDialogProps) {
  const queries = useQueryClient();
  // What is shown once is kept no longer than it is shown.
  const enrol = useMutation({ mutationFn: (form: FormData) => molo.enrolSecondFactor({ body: { password: formText(form, 'password') } }), gcTime: 0 });
  const confirm = useMutation({
    mutationFn: (form: FormData) => molo.confirmSecondFactor({ body: { code: formText(form, 'code') } }),
    gcTime: 0,
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['second-factor'] });
    },
  });
  if (confirm.data !== undefined) return <RecoveryCodesShown key="codes" codes={confirm.data.recoveryCodes} onClose={onClose} />;
  if (enrol.data !== undefined) {
    return (
      <Dialog key="secret" title="Scan it with an authenticator app" onClose={onClose}>
        <SecretForm secret={enrol.data} onSubmit={confirm.mutate} busy={confirm.isPending} error={confirm.error} onClose={onClose} />
      </Dialog>
    );
  }
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    enrol.mutate(new FormData(event.currentTarget));
  };
  const wrong = sentence('It', fieldErrors(enrol.error).password);
  return (
    <Dialog key="password" title="Sign in with a code as well" onClose={onClose}>
      <form onSubmit={submit} className="flex flex-col gap-5">
        <p className="text-ink-soft">Whoever signs in as you then needs your phone besides your password. Browsers that are signed in stay so, and API tokens and SSH keys go on working without it.</p>
        {enrol.isError && wrong === undefined && <ProblemNotice error={enrol.error} answers />}
        <PasswordInput email={email} error={wrong} />
        <Command text={accountCommands.enableSecondFactor()} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" busy={enrol.isPending}>
            Go on
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface SecretFormProps {
  readonly secret: SecondFactorSecret;
  readonly onSubmit: (form: FormData) => void;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onClose: () => void;
}

function SecretForm({ secret: { uri, secret }, onSubmit, busy, error, onClose }: SecretFormProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onSubmit(new FormData(event.currentTarget));
  };
  const wrong = fieldErrors(error).code;
  return (
    <form onSubmit={submit} className="flex flex-col gap-5">
      <div className="flex flex-wrap items-center gap-5">
        <QrCode text={uri} label="QR code of the secret" />
        <div className="min-w-0 flex-1 basis-48 text-ink-soft">
          <p>
            Is the app on this device? <a href={uri} className="rounded text-harbour underline decoration-harbour/40 underline-offset-2 hover:decoration-harbour">Open it there</a>, or type the secret in:
          </p>
          <Copyable text={secret} label="Copy the secret" />
        </div>
      </div>
      {error !== null && wrong === undefined && <ProblemNotice error={error} answers />}
      <CodeInput takesRecoveryCode={false} error={wrong === undefined ? undefined : 'It is not right. Check that the clock of the phone is, and take the code that the app shows now.'} />
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" tone="primary" busy={busy}>
          Enable
        </Button>
      </div>
    </form>
  );
}
