'use client';

import { useState } from 'react';
import { useRouter } from 'next/navigation';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { App } from '@molo/contracts';
import { useMay } from '../access/use-me';
import { molo } from '../platform/client';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Card, Fact, Section } from '../ui/card';
import { Command, Copyable } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Input } from '../ui/field';
import { Given } from '../ui/given';
import { commands } from './commands';

export function AccessSection({ app }: { readonly app: App }) {
  const administers = useMay('administer', app.name);
  const [deleting, setDeleting] = useState(false);
  return (
    <Section
      title="Git"
      hint={
        <>
          A push to <code className="font-mono text-[0.87rem]"><Given text={app.deployBranch} /></code> is built and delivered to production, one to the branch of another environment's name to that; other branches and tags are stored.
        </>
      }
      actions={
        administers && (
          <Button tone="danger" size="s" onClick={() => setDeleting(true)}>
            Delete app
          </Button>
        )
      }
    >
      <Card className="p-5">
        <dl className="grid gap-5 md:grid-cols-2">
          <Fact name="Over HTTP, with an API token as password">
            <Copyable text={app.gitHttpUrl} label="Copy the address over HTTP" />
          </Fact>
          <Fact name="Over SSH, with your key">
            <Copyable text={app.gitSshUrl} label="Copy the address over SSH" />
          </Fact>
          <Fact name="Images">
            <Copyable text={app.imageRepository} label="Copy the image repository" />
          </Fact>
          <Fact name="Created by">
            <Given text={app.createdBy.name} />
          </Fact>
        </dl>
      </Card>
      <Command text={`git remote add molo ${app.gitHttpUrl}`} label="Add the remote" />
      {deleting && <DeleteDialog app={app} onClose={() => setDeleting(false)} />}
    </Section>
  );
}

function DeleteDialog({ app, onClose }: { readonly app: App; readonly onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const router = useRouter();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => molo.deleteApp({ params: { app: app.name } }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['apps'] });
      router.replace('/');
    },
  });
  return (
    <Dialog title={`Delete ${app.name}?`} onClose={onClose}>
      <form
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed === app.name) remove.mutate();
        }}
      >
        <p className="text-ink-soft">Its instances stop, its addresses answer 404 and its name is free again. This cannot be undone.</p>
        {remove.isError && <ProblemNotice error={remove.error} answers />}
        <Input label={`Type ${app.name} to go on`} value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" autoCapitalize="none" spellCheck={false} autoFocus />
        <Command text={commands.deleteApp(app.name)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="danger" disabled={typed !== app.name} busy={remove.isPending}>
            Delete {app.name}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
