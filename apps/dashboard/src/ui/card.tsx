import type { ReactNode } from 'react';
import { classNames } from './class-names';

export function Card({ children, className }: { readonly children: ReactNode; readonly className?: string }) {
  return <div className={classNames('rounded-xl border border-line bg-surface shadow-card', className)}>{children}</div>;
}

interface SectionProps {
  readonly title: string;
  /** One sentence on what is here. */
  readonly hint?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A titled part of a page. */
export function Section({ title, hint, actions, children }: SectionProps) {
  return (
    <section aria-label={title} className="flex flex-col gap-4">
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div>
          <h2 className="text-lg font-semibold tracking-tight">{title}</h2>
          {hint !== undefined && <p className="mt-0.5 text-ink-soft">{hint}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** A name and its value, in a `dl`. */
export function Fact({ name, children, className }: { readonly name: string; readonly children: ReactNode; readonly className?: string }) {
  return (
    <div className={classNames('min-w-0', className)}>
      <dt className="text-[0.8rem] text-ink-faint">{name}</dt>
      <dd className="mt-0.5 min-w-0 font-medium break-words">{children}</dd>
    </div>
  );
}
