'use client';

import type { ReactNode } from 'react';
import { Button, type ButtonTone } from '../ui/button';
import { Command } from '../ui/command';
import { Dialog } from '../ui/dialog';
import { ProblemNotice } from './problem-notice';

interface ConfirmDialogProps {
  readonly title: string;
  /** What comes of it. */
  readonly children: ReactNode;
  readonly command: string;
  /** What the button does: `Remove Ada`. */
  readonly action: string;
  readonly tone?: ButtonTone;
  readonly change: { readonly isPending: boolean; readonly error: unknown; readonly mutate: (given: void, options: { readonly onSuccess: () => void }) => void };
  readonly onClose: () => void;
}

/** Asks before what cannot be taken back, or hurts. */
export function ConfirmDialog({ title, children, command, action, tone = 'danger', change, onClose }: ConfirmDialogProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="flex flex-col gap-5">
        <div className="text-ink-soft">{children}</div>
        {change.error !== null && <ProblemNotice error={change.error} answers />}
        <Command text={command} />
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone={tone} busy={change.isPending} onClick={() => change.mutate(undefined, { onSuccess: onClose })}>
            {action}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
