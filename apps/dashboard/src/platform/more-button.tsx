'use client';

import { Button } from '../ui/button';
import { ProblemNotice } from './problem-notice';

interface MoreButtonProps {
  readonly query: { readonly hasNextPage: boolean; readonly isFetchingNextPage: boolean; readonly isFetchNextPageError: boolean; readonly error: unknown; readonly fetchNextPage: () => unknown };
  /** What it brings: `Show older events`. */
  readonly children: string;
}

/** Below a list that is read page by page: brings the next page, and says why where it does not come. */
export function MoreButton({ query, children }: MoreButtonProps) {
  if (!query.hasNextPage) return null;
  return (
    <>
      {query.isFetchNextPageError && <ProblemNotice error={query.error} answers />}
      <Button className="self-center" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        {children}
      </Button>
    </>
  );
}
