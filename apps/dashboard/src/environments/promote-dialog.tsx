'use client';

import { useState } from 'react';
import type { App, EnvironmentSummary } from '@molo/contracts';
import { useMay } from '../access/use-me';
import { commands } from '../apps/commands';
import { releaseName } from '../deployments/deployment-states';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { Select } from '../ui/field';
import { usePromote } from './environment-queries';

/** The image that is live in one environment, in another. */
export function PromoteDialog({ app, source, onClose }: { readonly app: App; readonly source: EnvironmentSummary; readonly onClose: () => void }) {
  const targets = app.environments.filter(({ name }) => name !== source.name);
  const [chosen, setChosen] = useState(targets[0]?.name ?? '');
  const target = targets.find(({ name }) => name === chosen);
  const waits = !useMay('administer') && target?.protected === true;
  const promote = usePromote(app.name, source.name);
  if (source.liveRelease === null) return null;
  return (
    <Dialog title={`Promote ${releaseName(source.liveRelease)} from ${source.name}?`} onClose={onClose}>
      <form
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          promote.mutate(chosen);
        }}
      >
        <Select label="To" options={targets.map(({ name }) => ({ value: name, name }))} value={chosen} onChange={(event) => setChosen(event.target.value)} />
        <p className="text-ink-soft">
          A new release of the very same image is made there, with its own config and instances. Nothing is built.
          {waits && ` ${chosen} is protected: it waits there until a sysadmin approves it.`}
        </p>
        {promote.isError && <ProblemNotice error={promote.error} answers />}
        <Command text={commands.promote(app.name, source.name, chosen)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" busy={promote.isPending || promote.isSuccess}>
            Promote to {chosen}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
