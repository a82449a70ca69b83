'use client';

import { type FormEvent, useState } from 'react';
import { useRouter } from 'next/navigation';
import { useMutation } from '@tanstack/react-query';
import type { Me } from '@molo/contracts';
import { fieldErrors, isProblem, sentence } from '../platform/problem';
import { formText } from '../ui/form-text';
import { useSignedIn } from './use-me';

export const shortestPassword = 10;

/** A form by which somebody chooses a password and is signed in with it. */
export function useEntry(enter: (form: FormData) => Promise<Me>) {
  const router = useRouter();
  const signedIn = useSignedIn();
  const [tooShort, setTooShort] = useState(false);
  const [takesCode, setTakesCode] = useState(false);
  const entry = useMutation({
    mutationFn: enter,
    onSuccess: (me) => {
      signedIn(me);
      router.replace('/');
    },
    onError: (error) => {
      if (isProblem(error, 'second_factor_required')) setTakesCode(true);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const short = formText(form, 'password').length < shortestPassword;
    setTooShort(short);
    if (!short) entry.mutate(form);
  };
  const { name, email, password } = fieldErrors(entry.error);
  return {
    submit,
    error: isProblem(entry.error, 'second_factor_required') ? null : entry.error,
    takesCode,
    busy: entry.isPending || entry.isSuccess,
    errors: { name: sentence('It', name), email: sentence('It', email), password: tooShort ? `Take at least ${shortestPassword} characters.` : sentence('It', password) },
  };
}
