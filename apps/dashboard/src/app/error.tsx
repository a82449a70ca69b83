'use client';

import { ProblemNotice } from '../platform/problem-notice';

export default function PageError({ error, retry }: { readonly error: Error; readonly retry: () => void }) {
  return (
    <main className="mx-auto max-w-2xl px-4 py-16">
      <ProblemNotice error={error} onRetry={retry} />
    </main>
  );
}
