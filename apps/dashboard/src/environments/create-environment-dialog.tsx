'use client';

import { useState } from 'react';
import { commands } from '../apps/commands';
import { fieldErrors, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Input } from '../ui/field';
import { useCreateEnvironment } from './environment-queries';

export function CreateEnvironmentDialog({ app, onClose }: { readonly app: string; readonly onClose: () => void }) {
  const [name, setName] = useState('');
  const create = useCreateEnvironment(app);
  const error = sentence('The name', fieldErrors(create.error).name);
  return (
    <Dialog title={`Create an environment of ${app}`} onClose={onClose}>
      <form
        noValidate
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate(name, { onSuccess: onClose });
        }}
      >
        {create.isError && error === undefined && <ProblemNotice error={create.error} answers />}
        <Input
          label="Name"
          value={name}
          onChange={(event) => {
            setName(event.target.value);
            create.reset();
          }}
          error={error}
          hint="Such as staging: it is the branch whose pushes deploy it, and a part of its address."
          autoFocus
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
        <Command text={commands.createEnvironment(app, name)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" busy={create.isPending}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
