'use client';

import { type FormEvent, useState } from 'react';
import Link from 'next/link';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { App } from '@molo/contracts';
import { molo } from '../platform/client';
import { fieldErrors, isProblem, sentence } from '../platform/problem';
import { ProblemNotice } from '../platform/problem-notice';
import { Button, buttonClasses } from '../ui/button';
import { Command, CommandBlock, Copyable } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Input } from '../ui/field';
import { commands } from './commands';
import { firstPushLines } from './first-push';

export function CreateAppDialog({ onClose }: { readonly onClose: () => void }) {
  const [created, setCreated] = useState<App>();
  return (
    <Dialog title={created === undefined ? 'Create an app' : `${created.name} is ready for its first push`} onClose={onClose}>
      {created === undefined ? <CreateForm onCreated={setCreated} onClose={onClose} /> : <Created app={created} onClose={onClose} />}
    </Dialog>
  );
}

function CreateForm({ onCreated, onClose }: { readonly onCreated: (app: App) => void; readonly onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const create = useMutation({
    mutationFn: () => molo.createApp({ body: { name } }),
    onSuccess: (app) => {
      void queries.invalidateQueries({ queryKey: ['apps'] });
      onCreated(app);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  const taken = isProblem(create.error, 'already_exists');
  const error = sentence('The name', fieldErrors(create.error).name) ?? (taken ? `${name} exists already. Take another name.` : undefined);
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      {create.isError && error === undefined && <ProblemNotice error={create.error} answers />}
      <Input
        label="Name"
        value={name}
        onChange={(event) => {
          setName(event.target.value);
          create.reset();
        }}
        error={error}
        autoFocus
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        hint="Lower-case letters, digits and hyphens. It is the app's address, repository and image name."
      />
      <Command text={commands.createApp(name)} />
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" tone="primary" busy={create.isPending}>
          Create
        </Button>
      </div>
    </form>
  );
}

function Created({ app, onClose }: { readonly app: App; readonly onClose: () => void }) {
  return (
    <div className="flex flex-col gap-5">
      <dl className="flex flex-col gap-2 text-[0.93rem]">
        <Remote name="Git over HTTP" url={app.gitHttpUrl} />
        <Remote name="Git over SSH" url={app.gitSshUrl} />
      </dl>
      <CommandBlock lines={firstPushLines(app.name, app.gitHttpUrl)} label="Copy the five commands" />
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Done</Button>
        <Link href={`/apps/${app.name}`} className={buttonClasses('primary')}>
          Open {app.name}
        </Link>
      </div>
    </div>
  );
}

function Remote({ name, url }: { readonly name: string; readonly url: string }) {
  return (
    <div className="grid items-center sm:grid-cols-[8rem_minmax(0,1fr)]">
      <dt className="text-ink-faint">{name}</dt>
      <dd>
        <Copyable text={url} label={`Copy ${url}`} />
      </dd>
    </div>
  );
}
