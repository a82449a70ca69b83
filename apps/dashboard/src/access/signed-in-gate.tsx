'use client';

import { type ReactNode, useEffect } from 'react';
import { usePathname, useRouter } from 'next/navigation';
import { live } from '../live/use-live';
import { ProblemNotice } from '../platform/problem-notice';
import { Loading } from '../ui/skeleton';
import { useMe } from './use-me';

/** Shows a page to who is signed in and leads everyone else to signing in and back. */
export function SignedInGate({ children }: { readonly children: ReactNode }) {
  const me = useMe();
  const router = useRouter();
  const path = usePathname();
  const signedOut = me.data === null;
  useEffect(() => {
    if (signedOut) router.replace(`/sign-in?next=${encodeURIComponent(`${path}${window.location.search}`)}`);
  }, [signedOut, path, router]);
  const { refetch } = me;
  useEffect(() => live.onSignedOut(() => void refetch()), [refetch]);
  if (me.data) return children;
  if (me.isError && me.data === undefined) return <ProblemNotice error={me.error} onRetry={() => void me.refetch()} />;
  return <Loading what="the platform" />;
}
