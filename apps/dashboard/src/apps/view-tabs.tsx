'use client';

import { type KeyboardEvent, useRef } from 'react';
import { classNames } from '../ui/class-names';

const views = [
  { view: 'releases', name: 'Releases' },
  { view: 'deployments', name: 'Deployments' },
  { view: 'instances', name: 'Instances' },
  { view: 'logs', name: 'Logs' },
  { view: 'config', name: 'Config' },
  { view: 'access', name: 'Git & domains' },
] as const;

export type View = (typeof views)[number]['view'];

export function viewOf(text: string | null): View {
  return views.find(({ view }) => view === text)?.view ?? 'releases';
}

export function ViewTabs({ view, onView }: { readonly view: View; readonly onView: (view: View) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const index = views.findIndex((candidate) => candidate.view === view);
    const next = step === 0 ? undefined : views[(index + step + views.length) % views.length];
    if (next === undefined) return;
    event.preventDefault();
    onView(next.view);
    list.current?.querySelector<HTMLElement>(`#view-${next.view}`)?.focus();
  };
  return (
    <div ref={list} role="tablist" aria-label="Parts of the app" onKeyDown={move} className="-mx-4 flex gap-1 overflow-x-auto border-b border-line px-4 sm:mx-0 sm:px-0">
      {views.map(({ view: candidate, name }) => (
        <button
          key={candidate}
          type="button"
          role="tab"
          id={`view-${candidate}`}
          aria-selected={candidate === view}
          aria-controls="view"
          tabIndex={candidate === view ? 0 : -1}
          onClick={() => onView(candidate)}
          className={classNames(
            '-mb-px h-11 shrink-0 border-b-2 px-3 text-[0.93rem] font-medium outline-offset-[-2px]',
            candidate === view ? 'border-harbour text-ink' : 'border-transparent text-ink-soft hover:text-ink',
          )}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
