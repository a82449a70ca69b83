'use client';

import Link from 'next/link';
import { useSearchParams } from 'next/navigation';
import { molo } from '../platform/client';
import { ProblemNotice } from '../platform/problem-notice';
import { Button, buttonClasses } from '../ui/button';
import { Input } from '../ui/field';
import { Notice } from '../ui/notice';
import { formText } from '../ui/form-text';
import { EntryTitle } from './entry-title';
import { NewPasswordInput } from './new-password-input';
import { useEntry } from './use-entry';

export function ClaimForm() {
  const token = useSearchParams().get('token') ?? '';
  const { submit, error, busy, errors } = useEntry((form) => molo.claim({ body: { token, name: formText(form, 'name'), email: formText(form, 'email'), password: formText(form, 'password') } }));
  if (token === '') return <NoToken />;
  return (
    <form onSubmit={submit} noValidate={false} className="flex flex-col gap-5">
      <EntryTitle title="Claim this platform" hint="You become its first sysadmin. The link works once." />
      {error && <ProblemNotice error={error} answers />}
      <Input label="Name" name="name" autoComplete="name" required autoFocus maxLength={100} error={errors.name} />
      <Input label="Email" name="email" type="email" autoComplete="username" required maxLength={254} error={errors.email} />
      <NewPasswordInput error={errors.password} />
      <Button type="submit" tone="primary" busy={busy}>
        Claim and sign in
      </Button>
    </form>
  );
}

function NoToken() {
  return (
    <div className="flex flex-col gap-5">
      <EntryTitle title="Claim this platform" hint="You become its first sysadmin." />
      <Notice tone="warn" title="The link is not whole" actions={<Link href="/sign-in" className={buttonClasses('plain', 's')}>Sign in instead</Link>}>
        A claim link ends in <code className="font-mono text-[0.87rem]">?token=…</code>. Copy all of it from the machine where the platform was started; <code className="font-mono text-[0.87rem]">npm run status</code> shows
        it again while nobody has claimed.
      </Notice>
    </div>
  );
}
