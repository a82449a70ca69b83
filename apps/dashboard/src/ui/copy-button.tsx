'use client';

import { useEffect, useState } from 'react';
import { Check, Copy } from 'lucide-react';
import { copyText } from './clipboard';
import { classNames } from './class-names';

interface CopyButtonProps {
  /** The text, or what makes it when it is asked for: a long log is not put together for each drawing. */
  readonly text: string | (() => string);
  readonly label: string;
  readonly onDark?: boolean;
}

export function CopyButton({ text, label, onDark = false }: CopyButtonProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      aria-label={copied ? 'Copied' : label}
      title={copied ? 'Copied' : label}
      onClick={() => void copyText(typeof text === 'string' ? text : text()).then(setCopied)}
      className={classNames('grid size-8 shrink-0 place-items-center rounded-md transition-colors', onDark ? 'text-log-faint hover:bg-white/10 hover:text-log-ink' : 'text-ink-faint hover:bg-line/60 hover:text-ink')}
    >
      {copied ? <Check aria-hidden className="size-4" /> : <Copy aria-hidden className="size-4" />}
      <span className="sr-only" aria-live="polite">
        {copied ? 'Copied' : ''}
      </span>
    </button>
  );
}
