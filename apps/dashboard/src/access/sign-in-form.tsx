'use client';

import { type FormEvent, useEffect, useState } from 'react';
import { useRouter, useSearchParams } from 'next/navigation';
import { useMutation, useQuery } from '@tanstack/react-query';
import { molo } from '../platform/client';
import { isProblem } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Input } from '../ui/field';
import { Notice } from '../ui/notice';
import { formText } from '../ui/form-text';
import { CodeInput } from './code-input';
import { EntryTitle } from './entry-title';
import { returnPath } from './return-path';
import { useMe, useSignedIn } from './use-me';

export function SignInForm() {
  const router = useRouter();
  const next = returnPath(useSearchParams().get('next'));
  const signedIn = useSignedIn();
  const me = useMe();
  const [takesCode, setTakesCode] = useState(false);
  const signIn = useMutation({
    mutationFn: (form: FormData) => molo.signIn({ body: { email: formText(form, 'email'), password: formText(form, 'password'), ...(form.has('code') ? { code: formText(form, 'code') } : {}) } }),
    onSuccess: signedIn,
    onError: (error) => {
      if (isProblem(error, 'second_factor_required')) setTakesCode(true);
    },
  });
  useEffect(() => {
    if (me.data) router.replace(next);
  }, [me.data, router, next]);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    signIn.mutate(new FormData(event.currentTarget));
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-5">
      <EntryTitle title="Sign in" hint="Deliver, follow and roll back your apps." />
      <UnclaimedNotice />
      {signIn.isError && !isProblem(signIn.error, 'second_factor_required') && <ProblemNotice error={signIn.error} answers />}
      <Input label="Email" name="email" type="email" autoComplete="username" required autoFocus maxLength={254} onChange={() => setTakesCode(false)} />
      <Input label="Password" name="password" type="password" autoComplete="current-password" required maxLength={1024} />
      {/* With email and password, which are sent again with it. */}
      {takesCode && <CodeInput autoFocus />}
      <Button type="submit" tone="primary" busy={signIn.isPending || Boolean(me.data)}>
        Sign in
      </Button>
    </form>
  );
}

/** On a fresh platform there is no one to sign in yet. */
function UnclaimedNotice() {
  const status = useQuery({ queryKey: ['status'], queryFn: ({ signal }) => molo.status({}, { signal }) });
  if (status.data?.claimed !== false) return null;
  return (
    <Notice tone="info" title="This platform has no owner yet">
      Open the claim link that <code className="font-mono text-[0.87rem]">npm start</code> printed on its machine. It makes the first sysadmin.
    </Notice>
  );
}
