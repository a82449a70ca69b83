'use client';

import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes, useId } from 'react';
import { classNames } from './class-names';

const controlClasses =
  'w-full rounded-lg border border-line-strong bg-surface px-3 text-ink placeholder:text-ink-faint/80 focus:border-harbour aria-invalid:border-bad disabled:opacity-60';

interface FieldFrame {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
}

type InputProps = FieldFrame & Omit<InputHTMLAttributes<HTMLInputElement>, 'id'>;

export function Input({ label, hint, error, className, ...rest }: InputProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <input id={id} className={classNames(controlClasses, 'h-10', className)} {...described(id, hint, error)} {...rest} />
    </Frame>
  );
}

interface SuggestInputProps extends InputProps {
  readonly value: string;
  /** What it may hold, each with a word on it; other text may be typed all the same. */
  readonly suggestions: readonly { readonly value: string; readonly hint?: string }[];
}

/** Of a thousand, a browser would draw each at every key. */
const mostSuggested = 30;

export function SuggestInput({ suggestions, ...rest }: SuggestInputProps) {
  const id = useId();
  const typed = rest.value.trim().toLowerCase();
  const fitting = suggestions.filter(({ value, hint = '' }) => `${value}\n${hint}`.toLowerCase().includes(typed)).slice(0, mostSuggested);
  return (
    <>
      <Input list={id} autoComplete="off" autoCapitalize="none" spellCheck={false} {...rest} />
      <datalist id={id}>
        {fitting.map(({ value, hint }) => (
          <option key={value} value={value}>
            {hint}
          </option>
        ))}
      </datalist>
    </>
  );
}

type SelectProps = FieldFrame & { readonly options: readonly { readonly value: string; readonly name: string }[] } & Omit<SelectHTMLAttributes<HTMLSelectElement>, 'id'>;

export function Select({ label, hint, error, options, className, ...rest }: SelectProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <select id={id} className={classNames(controlClasses, 'h-10', className)} {...described(id, hint, error)} {...rest}>
        {options.map(({ value, name }) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </Frame>
  );
}

type AreaProps = FieldFrame & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'id'>;

export function TextArea({ label, hint, error, className, ...rest }: AreaProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <textarea id={id} className={classNames(controlClasses, 'py-2', className)} {...described(id, hint, error)} {...rest} />
    </Frame>
  );
}

function described(id: string, hint: ReactNode, error: string | undefined) {
  const by = [error === undefined ? null : `${id}-error`, hint === undefined ? null : `${id}-hint`].filter((part) => part !== null);
  return { 'aria-invalid': error !== undefined, 'aria-describedby': by.length > 0 ? by.join(' ') : undefined } as const;
}

function Frame({ id, label, hint, error, children }: FieldFrame & { readonly id: string; readonly children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-[0.9rem] font-medium">
        {label}
      </label>
      {children}
      {error !== undefined && (
        <p id={`${id}-error`} role="alert" className="text-[0.87rem] text-bad">
          {error}
        </p>
      )}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="text-[0.87rem] text-ink-faint">
          {hint}
        </p>
      )}
    </div>
  );
}

type CheckboxProps = { readonly label: ReactNode; readonly hint?: ReactNode } & Omit<InputHTMLAttributes<HTMLInputElement>, 'id'>;

export function Checkbox({ label, hint, ...rest }: CheckboxProps) {
  const id = useId();
  return (
    <div>
      <label className="flex items-center gap-2.5 text-[0.93rem]">
        <input id={id} type="checkbox" className="size-4 shrink-0 accent-harbour" {...described(id, hint, undefined)} {...rest} />
        {label}
      </label>
      {hint !== undefined && (
        <p id={`${id}-hint`} className="pl-6.5 text-[0.87rem] text-ink-faint">
          {hint}
        </p>
      )}
    </div>
  );
}
