'use client';

import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react';
import { classNames } from './class-names';

export interface Tab<Name extends string> {
  readonly view: Name;
  readonly name: string;
}

interface TabsProps<Name extends string> {
  /** What they are parts of: `Parts of the app`. */
  readonly label: string;
  readonly tabs: readonly Tab<Name>[];
  readonly chosen: Name;
  readonly onChoose: (view: Name) => void;
}

/** Arrow keys move between them; what is chosen stands in a `TabPanel`. */
export function Tabs<Name extends string>({ label, tabs, chosen, onChoose }: TabsProps<Name>) {
  const list = useRef<HTMLDivElement>(null);
  // On a phone it may lie beyond the edge. In braces: browsers answer with a promise, which React would call as the effect's clean-up.
  useEffect(() => {
    list.current?.querySelector(`#view-${chosen}`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [chosen]);
  const move = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const index = tabs.findIndex(({ view }) => view === chosen);
    const next = step === 0 ? undefined : tabs[(index + step + tabs.length) % tabs.length];
    if (next === undefined) return;
    event.preventDefault();
    onChoose(next.view);
    list.current?.querySelector<HTMLElement>(`#view-${next.view}`)?.focus();
  };
  return (
    <div ref={list} role="tablist" aria-label={label} onKeyDown={move} className="-mx-4 flex gap-1 overflow-x-auto border-b border-line px-4 sm:mx-0 sm:px-0">
      {tabs.map(({ view, name }) => (
        <button
          key={view}
          type="button"
          role="tab"
          id={`view-${view}`}
          aria-selected={view === chosen}
          aria-controls="view"
          tabIndex={view === chosen ? 0 : -1}
          onClick={() => onChoose(view)}
          className={classNames(
            '-mb-px h-11 shrink-0 border-b-2 px-3 text-[0.93rem] font-medium outline-offset-[-2px]',
            view === chosen ? 'border-harbour text-ink' : 'border-transparent text-ink-soft hover:text-ink',
          )}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

export function TabPanel({ view, children }: { readonly view: string; readonly children: ReactNode }) {
  return (
    <div role="tabpanel" id="view" aria-labelledby={`view-${view}`} className="flex flex-col gap-10">
      {children}
    </div>
  );
}
