'use client';

import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { X } from 'lucide-react';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Of radio buttons, the one that is chosen; where there is no field, what is marked to be gone to. */
const firstField = 'input:not([type=radio], [hidden]), input:checked, textarea, select, [data-focus-first] button';

/** Modal, by the browser's own dialog: focus goes to its first field and stays inside, Escape closes, focus returns to where it was. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Closed while it is still in the page: only then does the browser give the focus back.
  useLayoutEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    // By itself the browser goes to the first button, which closes it.
    dialog?.querySelector<HTMLElement>(firstField)?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={box}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className="m-auto w-[min(36rem,calc(100vw-2rem))] rounded-2xl border border-line bg-surface p-0 text-ink shadow-2xl"
    >
      <div className="flex items-center justify-between gap-4 px-6 pt-5">
        <h2 id={titleId} className="min-w-0 text-lg font-semibold tracking-tight wrap-anywhere">
          {title}
        </h2>
        <button type="button" aria-label="Close" onClick={onClose} className="-mr-2 grid size-9 shrink-0 place-items-center rounded-lg text-ink-faint hover:bg-sunken hover:text-ink">
          <X aria-hidden className="size-5" />
        </button>
      </div>
      <div className="px-6 pt-3 pb-6">{children}</div>
    </dialog>
  );
}
