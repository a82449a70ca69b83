'use client';

import type { ConfigEntry } from '@molo/contracts';
import { ProblemNotice } from '../platform/problem-notice';
import type { Place } from '../releases/release-queries';
import { commands } from '../apps/commands';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { useUpdateConfig } from './use-update-config';

interface UnsetConfigDialogProps {
  readonly place: Place;
  readonly entry: ConfigEntry;
  readonly onClose: () => void;
}

export function UnsetConfigDialog({ place, entry, onClose }: UnsetConfigDialogProps) {
  const update = useUpdateConfig(place, onClose);
  return (
    <Dialog title={`Unset ${entry.key}?`} onClose={onClose}>
      <div className="flex flex-col gap-5">
        <p className="text-ink-soft">A new release without it is deployed at once. Releases made before keep it: a rollback brings it back.</p>
        <Command text={commands.unsetConfig(place, entry.key)} />
        {update.isError && <ProblemNotice error={update.error} answers />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="danger" busy={update.isPending} onClick={() => update.mutate({ unset: [entry.key] })}>
            Unset and deploy
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
