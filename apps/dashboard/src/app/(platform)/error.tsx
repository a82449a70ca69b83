'use client';

import { ProblemNotice } from '../../platform/problem-notice';

export default function PageError({ error, retry }: { readonly error: Error; readonly retry: () => void }) {
  return (
    <div className="mx-auto max-w-2xl py-8">
      <ProblemNotice error={error} onRetry={retry} />
    </div>
  );
}
