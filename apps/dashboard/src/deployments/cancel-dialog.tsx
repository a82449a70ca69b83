'use client';

import type { Deployment } from '@molo/contracts';
import { commands } from '../apps/commands';
import { ProblemNotice } from '../platform/problem-notice';
import { Button } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { useCancel } from './use-deployment';

export function CancelDialog({ deployment, onClose }: { readonly deployment: Deployment; readonly onClose: () => void }) {
  const cancel = useCancel(deployment.id);
  return (
    <Dialog title="Cancel this deployment?" onClose={onClose}>
      <div className="flex flex-col gap-5">
        <p className="text-ink-soft">Its new instances go, what serves now was not touched and serves on, and the branch stays where it was.</p>
        {cancel.isError && <ProblemNotice error={cancel.error} answers />}
        <Command text={commands.cancel(deployment.id)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Let it go on</Button>
          <Button tone="danger" busy={cancel.isPending} onClick={() => cancel.mutate(undefined, { onSuccess: onClose })}>
            Cancel deployment
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
