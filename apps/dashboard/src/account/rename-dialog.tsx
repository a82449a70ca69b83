'use client';

import { type FormEvent, useState } from 'react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Me } from '@molo/contracts';
import { molo } from '../platform/client';
import { fieldErrors, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Input } from '../ui/field';

export function RenameDialog({ me, onClose }: { readonly me: Me; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState(me.name);
  const rename = useMutation({
    mutationFn: () => molo.updateMe({ body: { name } }),
    onSuccess: (changed) => {
      queries.setQueryData(['me'], changed);
      void queries.invalidateQueries({ queryKey: ['people'] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate(undefined, { onSuccess: onClose });
  };
  const wrong = sentence('It', fieldErrors(rename.error).name);
  return (
    <Dialog title="Change your name" onClose={onClose}>
      <form onSubmit={submit} noValidate className="flex flex-col gap-5">
        {rename.isError && wrong === undefined && <ProblemNotice error={rename.error} answers />}
        <Input label="Name" value={name} onChange={(event) => setName(event.target.value)} autoComplete="name" maxLength={100} hint="As others see you." error={wrong} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" busy={rename.isPending} disabled={name === me.name}>
            Change
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
