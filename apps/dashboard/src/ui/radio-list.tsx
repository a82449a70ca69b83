'use client';

import { useId } from 'react';

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly name: string;
  /** One sentence on what it means. */
  readonly hint: string;
}

interface RadioListProps<Value extends string> {
  readonly legend: string;
  readonly choices: readonly Choice<Value>[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}

/** One of a few, each with what it means. */
export function RadioList<Value extends string>({ legend, choices, value, onChange }: RadioListProps<Value>) {
  const name = useId();
  return (
    <fieldset>
      <legend className="mb-1.5 text-[0.9rem] font-medium">{legend}</legend>
      <div className="overflow-hidden rounded-lg border border-line-strong">
        {choices.map((choice) => (
          <label key={choice.value} className="flex items-baseline gap-3 border-b border-line px-3 py-2 outline-offset-[-2px] outline-harbour last:border-0 has-checked:bg-harbour-soft has-focus-visible:outline-2">
            <input type="radio" name={name} checked={choice.value === value} onChange={() => onChange(choice.value)} className="size-4 shrink-0 translate-y-0.5 accent-harbour outline-none" />
            <span className="min-w-0">
              <span className="font-medium">{choice.name}</span>
              <span className="block text-[0.87rem] text-ink-soft">{choice.hint}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
