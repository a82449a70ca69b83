'use client';

import type { ReactNode } from 'react';
import { Loading } from '../ui/skeleton';
import { ProblemNotice } from './problem-notice';

interface QueryViewProps<Data> {
  readonly query: { readonly data: Data | undefined; readonly isError: boolean; readonly error: unknown; readonly refetch: () => unknown };
  /** What is being loaded: `the instances`. */
  readonly what: string;
  readonly loading?: ReactNode;
  /** Where to go where it cannot be shown. */
  readonly instead?: ReactNode;
  readonly children: (data: Data) => ReactNode;
}

/** Loading, error and data of one query. Data once there stays in view when a refresh fails. */
export function QueryView<Data>({ query, what, loading, instead, children }: QueryViewProps<Data>) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <ProblemNotice error={query.error} onRetry={() => query.refetch()} actions={instead} />;
  return loading ?? <Loading what={what} />;
}
