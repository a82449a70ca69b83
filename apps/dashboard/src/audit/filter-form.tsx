'use client';

import { type FormEvent, useState } from 'react';
import type { AuditEvent } from '@molo/contracts';
import { Search } from 'lucide-react';
import { sentence } from '../platform/problem';
import { Button } from '../ui/button';
import { Input, SuggestInput } from '../ui/field';
import { type AuditFilter, type FilterName, filterNames, filterOf, isAll } from './audit-filter';
import { instantOf, localTime } from './local-time';

interface FilterFormProps {
  readonly filter: AuditFilter;
  /** Those shown, which the fields suggest from. */
  readonly events: readonly AuditEvent[];
  /** What the platform has against a part of the filter. */
  readonly errors: Readonly<Record<string, string>>;
  readonly onFilter: (filter: AuditFilter) => void;
}

/** As the fields hold it: the times in the time of this device. */
type Typed = Readonly<Record<FilterName, string>>;

export function FilterForm({ filter, events, errors, onFilter }: FilterFormProps) {
  const [typed, setTyped] = useTyped(filter);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onFilter(filterTyped(typed, filter));
  };
  const field = (name: FilterName) => ({ value: typed[name], onChange: (event: { readonly target: { readonly value: string } }) => setTyped({ ...typed, [name]: event.target.value }), error: sentence('It', errors[name]) });
  const { q: _, ...narrower } = filter;
  return (
    <form role="search" aria-label="Find events" onSubmit={submit} noValidate className="flex flex-col gap-3">
      <div className="flex items-start gap-3 [&>div]:min-w-0 [&>div]:flex-1">
        <Input label="Words" type="search" maxLength={200} autoComplete="off" autoCapitalize="none" spellCheck={false} placeholder="Or their beginnings, anywhere in an event" {...field('q')} />
        <Button type="submit" tone="primary" className="mt-[1.8rem]">
          <Search aria-hidden className="size-4" />
          Find
        </Button>
      </div>
      <details open={!isAll(narrower)}>
        <summary className="w-fit rounded text-[0.93rem] text-harbour hover:underline">By who, what, from where and when</summary>
        <div className="mt-3 grid items-start gap-4 sm:grid-cols-2 lg:grid-cols-4">
          <SuggestInput label="Who" maxLength={254} suggestions={suggested(events, ({ actor }) => actor.name)} hint="A name, or a user's address." {...field('actor')} />
          <SuggestInput label="Did what" maxLength={60} suggestions={suggested(events, ({ action }) => action)} hint="app.created, or app. for all on apps." {...field('action')} />
          <SuggestInput label="To what" maxLength={300} suggestions={suggested(events, ({ target }) => target)} hint="With all below: shop has shop/staging." {...field('target')} />
          <SuggestInput label="Of the app" maxLength={40} suggestions={[]} hint="And of all that belongs to it." {...field('app')} />
          <SuggestInput label="From where" maxLength={45} suggestions={suggested(events, ({ ip }) => ip ?? '')} hint="An IP address." {...field('ip')} />
          <Input label="Since" type="datetime-local" hint="On your clock." {...field('since')} />
          <Input label="Before" type="datetime-local" hint="On your clock." {...field('until')} />
        </div>
      </details>
    </form>
  );
}

/** Follows the filter where that changes by another way, such as the browser's way back. */
function useTyped(filter: AuditFilter): [Typed, (typed: Typed) => void] {
  const asked = JSON.stringify(filter);
  const [state, setState] = useState({ asked, typed: typedOf(filter) });
  if (state.asked !== asked) setState({ asked, typed: typedOf(filter) });
  return [state.typed, (typed) => setState({ asked, typed })];
}

function typedOf(filter: AuditFilter): Typed {
  const texts = Object.fromEntries(filterNames.map((name) => [name, filter[name] ?? ''])) as Typed;
  return { ...texts, since: localTime(texts.since), until: localTime(texts.until) };
}

/** A time that was not touched stays as exact as it was asked for. */
function filterTyped(typed: Typed, before: AuditFilter): AuditFilter {
  return filterOf((name) => {
    if (name !== 'since' && name !== 'until') return typed[name];
    return typed[name] === localTime(before[name] ?? '') && typed[name] !== '' ? (before[name] ?? '') : instantOf(typed[name]);
  });
}

function suggested(events: readonly AuditEvent[], of: (event: AuditEvent) => string): readonly { readonly value: string }[] {
  return [...new Set(events.map(of))].filter((value) => value !== '').toSorted().map((value) => ({ value }));
}
