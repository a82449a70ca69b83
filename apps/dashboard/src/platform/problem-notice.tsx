'use client';

import { Button } from '../ui/button';
import { Notice } from '../ui/notice';
import { shownProblem } from './problem';

interface ProblemNoticeProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
  /** It answers what the person just did, so it is read out at once. */
  readonly answers?: boolean;
}

export function ProblemNotice({ error, onRetry, answers = false }: ProblemNoticeProps) {
  const { title, detail } = shownProblem(error);
  return (
    <Notice
      tone="bad"
      title={title}
      {...(answers ? { role: 'alert' as const } : {})}
      {...(onRetry ? { actions: <Button size="s" onClick={onRetry}>Try again</Button> } : {})}
    >
      {detail}
    </Notice>
  );
}
