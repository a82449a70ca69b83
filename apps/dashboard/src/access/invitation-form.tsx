'use client';

import Link from 'next/link';
import { useSearchParams } from 'next/navigation';
import { molo } from '../platform/client';
import { ProblemNotice } from '../platform/problem-notice';
import { Button, buttonClasses } from '../ui/button';
import { Input } from '../ui/field';
import { Notice } from '../ui/notice';
import { formText } from '../ui/form-text';
import { CodeInput } from './code-input';
import { EntryTitle } from './entry-title';
import { NewPasswordInput } from './new-password-input';
import { useEntry } from './use-entry';

/** Also for whoever lost their password and was given a new link. */
export function InvitationForm() {
  const token = useSearchParams().get('token') ?? '';
  const { submit, error, takesCode, busy, errors } = useEntry((form) => {
    const name = formText(form, 'name');
    return molo.acceptInvitation({ body: { token, password: formText(form, 'password'), ...(name === '' ? {} : { name }), ...(form.has('code') ? { code: formText(form, 'code') } : {}) } });
  });
  if (token === '') return <NoToken />;
  return (
    <form onSubmit={submit} className="flex flex-col gap-5">
      <EntryTitle title="Join this platform" hint="Choose the password that you will sign in with. The link works once." />
      {error && <ProblemNotice error={error} answers />}
      <NewPasswordInput error={errors.password} autoFocus />
      <Input label="Name" name="name" autoComplete="name" maxLength={100} hint="As others see you. Leave it empty to keep the name that you were invited by." error={errors.name} />
      {takesCode && <CodeInput autoFocus />}
      <Button type="submit" tone="primary" busy={busy}>
        Join and sign in
      </Button>
    </form>
  );
}

function NoToken() {
  return (
    <div className="flex flex-col gap-5">
      <EntryTitle title="Join this platform" hint="By the link that a sysadmin gave you." />
      <Notice tone="warn" title="The link is not whole" actions={<Link href="/sign-in" className={buttonClasses('plain', 's')}>Sign in instead</Link>}>
        An invitation ends in <code className="font-mono text-[0.87rem]">?token=…</code>. Copy all of it, or ask the sysadmin for a new one: <code className="font-mono text-[0.87rem]">molo users invite EMAIL --again</code>.
      </Notice>
    </div>
  );
}
