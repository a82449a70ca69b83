import { type Failure, problems } from '@molo/contracts';
import { Notice } from '../ui/notice';
import { failureText } from './failure-text';

interface FailureNoticeProps {
  /** What kind of failure it is, where its code does not say it all. */
  readonly title?: string;
  readonly failure: Failure;
  /** The end of the log, where the failure itself brings no lines. */
  readonly logLines: readonly string[];
}

/** Why it failed: what kind, its code, the sentence that says what to do, and the last lines that belong to it. */
export function FailureNotice({ failure, logLines, title = problems[failure.code].title }: FailureNoticeProps) {
  const text = failureText(failure.detail);
  const lastLines = text.lastLines.length > 0 ? text.lastLines : logLines;
  return (
    <Notice tone="bad" title={title} role="status">
      <p className="whitespace-pre-line">{text.sentence}</p>
      <p className="mt-1 text-[0.83rem] text-ink-faint">
        Code <code className="font-mono">{failure.code}</code>
        {problems[failure.code].retryable && '; the same may work later with nothing changed'}
      </p>
      {lastLines.length > 0 && (
        <pre aria-label="Last lines of the log" tabIndex={0} className="mt-3 max-h-64 overflow-auto rounded-lg bg-log-ground p-3 font-mono text-[0.79rem] leading-relaxed whitespace-pre-wrap text-log-ink">
          {lastLines.join('\n')}
        </pre>
      )}
    </Notice>
  );
}
