'use client';

import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { Ellipsis } from 'lucide-react';
import { classNames } from './class-names';

export interface Action {
  readonly name: string;
  readonly danger?: boolean;
  readonly onChoose: () => void;
}

const itemHeight = 36;
const gap = 4;

interface ActionMenuProps {
  readonly label: string;
  readonly actions: readonly Action[];
  /** It is not known yet what can be done: it does not open. */
  readonly busy?: boolean;
}

/** What can be done with a row, behind one button. It lies above all else, so that no card cuts it off; Escape and a click beside it close it. */
export function ActionMenu({ label, actions, busy = false }: ActionMenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const choose = (action: Action) => {
    menu.current?.hidePopover();
    action.onChoose();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        popoverTarget={busy ? undefined : id}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-disabled={busy || undefined}
        aria-busy={busy || undefined}
        aria-label={label}
        title={label}
        className="grid size-8 shrink-0 place-items-center rounded-lg text-ink-faint hover:bg-sunken hover:text-ink aria-disabled:cursor-progress aria-disabled:opacity-55 aria-expanded:bg-sunken aria-expanded:text-ink"
      >
        <Ellipsis aria-hidden className="size-5" />
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        aria-label={label}
        onBeforeToggle={() => button.current && menu.current && place(menu.current, button.current, actions.length)}
        onToggle={(event) => {
          setOpen(event.newState === 'open');
          if (event.newState === 'open') itemsOf(menu.current)[0]?.focus();
        }}
        onKeyDown={(event) => moveBetween(event, menu.current)}
        className="absolute inset-auto m-0 min-w-48 rounded-xl border border-line bg-surface p-1 text-ink shadow-2xl"
      >
        {actions.map((action) => (
          <Item key={action.name} action={action} onChoose={() => choose(action)} />
        ))}
      </div>
    </>
  );
}

function Item({ action, onChoose }: { readonly action: Action; readonly onChoose: () => void }) {
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      onClick={onChoose}
      className={classNames('flex h-9 w-full items-center rounded-lg px-3 text-left text-[0.93rem] whitespace-nowrap outline-offset-[-2px] hover:bg-sunken', action.danger === true && 'text-bad')}
    >
      {action.name}
    </button>
  );
}

/** Under the button and even with its right side; above it where there is no room below. */
function place(menu: HTMLElement, button: HTMLElement, count: number): void {
  const { top, bottom, right } = button.getBoundingClientRect();
  const height = count * itemHeight + 10;
  const above = bottom + gap + height > window.innerHeight && top > height;
  menu.style.top = `${window.scrollY + (above ? top - gap - height : bottom + gap)}px`;
  menu.style.right = `${document.documentElement.clientWidth - right}px`;
}

function itemsOf(menu: HTMLElement | null): HTMLElement[] {
  return [...(menu?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
}

function moveBetween(event: KeyboardEvent, menu: HTMLElement | null): void {
  if (event.key === 'Tab') menu?.hidePopover();
  const items = itemsOf(menu);
  const here = items.findIndex((item) => item === document.activeElement);
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: -1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items.at(to % items.length)?.focus();
}
