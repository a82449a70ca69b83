import type { ButtonHTMLAttributes, MouseEvent, ReactNode } from 'react';
import { LoaderCircle } from 'lucide-react';
import { classNames } from './class-names';

export type ButtonTone = 'primary' | 'plain' | 'danger' | 'quiet';

const tones: Record<ButtonTone, string> = {
  primary: 'bg-harbour text-on-harbour hover:bg-harbour-strong border-transparent',
  plain: 'bg-surface text-ink border-line-strong hover:border-ink-faint hover:bg-sunken',
  danger: 'bg-surface text-bad border-bad/50 hover:bg-bad-soft',
  quiet: 'bg-transparent text-ink-soft border-transparent hover:bg-sunken hover:text-ink',
};

export function buttonClasses(tone: ButtonTone, size: 'm' | 's' = 'm'): string {
  return classNames(
    'inline-flex items-center justify-center gap-2 rounded-lg border font-medium whitespace-nowrap transition-colors select-none',
    'disabled:cursor-not-allowed disabled:opacity-55 aria-disabled:cursor-progress aria-disabled:opacity-55',
    size === 'm' ? 'h-10 px-4 text-[0.93rem]' : 'h-8 px-3 text-[0.87rem]',
    tones[tone],
  );
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly tone?: ButtonTone;
  readonly size?: 'm' | 's';
  /** Shows that its work is under way and takes no second click. It keeps the focus, which a button that is disabled loses. */
  readonly busy?: boolean;
  readonly children: ReactNode;
}

export function Button({ tone = 'plain', size = 'm', busy = false, className, children, type = 'button', onClick, ...rest }: ButtonProps) {
  return (
    <button type={type} className={classNames(buttonClasses(tone, size), className)} aria-disabled={busy || undefined} aria-busy={busy || undefined} onClick={busy ? takeNone : onClick} {...rest}>
      {busy && <LoaderCircle aria-hidden className="size-4 animate-spin" />}
      {children}
    </button>
  );
}

/** Enter in a field of the form clicks its button too, and so sends nothing either. */
function takeNone(event: MouseEvent): void {
  event.preventDefault();
}
