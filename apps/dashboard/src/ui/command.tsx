import { CopyButton } from './copy-button';

/** The command that does the same as what stands above it. */
export function Command({ text, label = 'By command' }: { readonly text: string; readonly label?: string }) {
  return (
    <div className="flex min-w-0 items-center gap-3 text-[0.87rem] text-ink-faint">
      <span className="hidden shrink-0 sm:inline">{label}</span>
      <span className="flex min-w-0 items-center gap-1 rounded-lg border border-line bg-sunken pr-0.5 pl-3">
        <code className="overflow-x-auto py-1.5 font-mono text-[0.8rem] whitespace-nowrap text-ink-soft" tabIndex={0}>
          {text}
        </code>
        <CopyButton text={text} label={`Copy: ${text}`} />
      </span>
    </div>
  );
}

/** A few commands to type one after another, copied together. */
export function CommandBlock({ lines, label }: { readonly lines: readonly string[]; readonly label: string }) {
  return (
    <div className="relative rounded-lg bg-log-ground text-log-ink">
      <div className="absolute top-2 right-2">
        <CopyButton text={lines.join('\n')} label={label} onDark />
      </div>
      <pre className="overflow-x-auto p-4 pr-12 font-mono text-[0.83rem] leading-7" tabIndex={0} role="group" aria-label={label}>
        {lines.map((line) => (
          <span key={line} className="block">
            <span aria-hidden className="text-log-faint select-none">
              ${' '}
            </span>
            {line}
          </span>
        ))}
      </pre>
    </div>
  );
}

/** An address or an identifier to read and to copy. */
export function Copyable({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <span className="flex min-w-0 items-center gap-1">
      <code className="min-w-0 font-mono text-[0.83rem] break-all">{text}</code>
      <CopyButton text={text} label={label} />
    </span>
  );
}
