'use client';

import { ProblemNotice } from '../../platform/problem-notice';

export default function PageError({ error, reset }: { readonly error: Error; readonly reset: () => void }) {
  return (
    <div className="mx-auto max-w-2xl py-8">
      <ProblemNotice error={error} onRetry={reset} />
    </div>
  );
}
