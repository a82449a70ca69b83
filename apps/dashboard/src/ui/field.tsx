'use client';

import { type InputHTMLAttributes, type TextareaHTMLAttributes, type ReactNode, useId } from 'react';
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

export function Checkbox({ label, ...rest }: { readonly label: ReactNode } & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <label className="flex items-center gap-2.5 text-[0.93rem]">
      <input type="checkbox" className="size-4 accent-harbour" {...rest} />
      {label}
    </label>
  );
}
