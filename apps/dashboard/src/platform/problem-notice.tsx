'use client';

import type { ReactNode } from 'react';
import { Button } from '../ui/button';
import { Notice } from '../ui/notice';
import { shownProblem } from './problem';

interface ProblemNoticeProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
  /** What else can be done. */
  readonly actions?: ReactNode;
  /** It answers what the person just did, so it is read out at once. */
  readonly answers?: boolean;
}

export function ProblemNotice({ error, onRetry, actions, answers = false }: ProblemNoticeProps) {
  const { title, detail } = shownProblem(error);
  return (
    <Notice
      tone="bad"
      title={title}
      {...(answers ? { role: 'alert' as const } : {})}
      actions={
        (onRetry || actions) && (
          <>
            {onRetry && <Button size="s" onClick={onRetry}>Try again</Button>}
            {actions}
          </>
        )
      }
    >
      {detail}
    </Notice>
  );
}
