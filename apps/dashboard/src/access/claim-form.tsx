'use client';

import { type FormEvent, useState } from 'react';
import Link from 'next/link';
import { useRouter, useSearchParams } from 'next/navigation';
import { useMutation } from '@tanstack/react-query';
import { molo } from '../platform/client';
import { fieldErrors, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { Button, buttonClasses } from '../ui/button';
import { Input } from '../ui/field';
import { Notice } from '../ui/notice';
import { formText } from '../ui/form-text';
import { EntryTitle } from './entry-title';
import { useSignedIn } from './use-me';

const shortestPassword = 10;

export function ClaimForm() {
  const token = useSearchParams().get('token') ?? '';
  const router = useRouter();
  const signedIn = useSignedIn();
  const [tooShort, setTooShort] = useState(false);
  const claim = useMutation({
    mutationFn: (form: FormData) => molo.claim({ body: { token, name: formText(form, 'name'), email: formText(form, 'email'), password: formText(form, 'password') } }),
    onSuccess: (me) => {
      signedIn(me);
      router.replace('/');
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const short = formText(form, 'password').length < shortestPassword;
    setTooShort(short);
    if (!short) claim.mutate(form);
  };
  const errors = fieldErrors(claim.error);
  const passwordError = tooShort ? `Take at least ${shortestPassword} characters.` : sentence('It', errors.password);
  if (token === '') return <NoToken />;
  return (
    <form onSubmit={submit} noValidate={false} className="flex flex-col gap-5">
      <EntryTitle title="Claim this platform" hint="You become its first sysadmin. The link works once." />
      {claim.isError && <ProblemNotice error={claim.error} answers />}
      <Input label="Name" name="name" autoComplete="name" required autoFocus maxLength={100} error={sentence('It', errors.name)} />
      <Input label="Email" name="email" type="email" autoComplete="username" required maxLength={254} error={sentence('It', errors.email)} />
      <Input label="Password" name="password" type="password" autoComplete="new-password" required maxLength={1024} hint={`At least ${shortestPassword} characters; a few words make a good one.`} error={passwordError} />
      <Button type="submit" tone="primary" busy={claim.isPending || claim.isSuccess}>
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
