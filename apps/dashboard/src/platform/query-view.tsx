'use client';

import type { ReactNode } from 'react';
import type { UseQueryResult } from '@tanstack/react-query';
import { Loading } from '../ui/skeleton';
import { ProblemNotice } from './problem-notice';

interface QueryViewProps<Data> {
  readonly query: UseQueryResult<Data>;
  /** What is being loaded: `the instances`. */
  readonly what: string;
  readonly loading?: ReactNode;
  readonly children: (data: Data) => ReactNode;
}

/** Loading, error and data of one query. Data once there stays in view when a refresh fails. */
export function QueryView<Data>({ query, what, loading, children }: QueryViewProps<Data>) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />;
  return loading ?? <Loading what={what} />;
}
