import type { ReactNode } from 'react';
import { Button } from './button';
import { Copyable } from './command';
import { Notice } from './notice';

interface ShownOnceProps {
  readonly text: string;
  /** Names the button that copies it. */
  readonly copy: string;
  /** What whoever has it can do with it, and how long. */
  readonly children: ReactNode;
  readonly onClose: () => void;
}

/** A secret that was made just now and is kept nowhere in the clear. */
export function ShownOnce({ text, copy, children, onClose }: ShownOnceProps) {
  return (
    <div className="flex flex-col gap-5">
      <Notice tone="warn" title="It is shown this once">
        {children}
      </Notice>
      <div data-focus-first className="rounded-lg border border-line bg-sunken px-3 py-2">
        <Copyable text={text} label={copy} />
      </div>
      <div className="flex justify-end">
        <Button tone="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </div>
  );
}
