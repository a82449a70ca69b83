import { classNames } from './class-names';

/** Holds the place of what is being loaded. */
export function Skeleton({ className }: { readonly className?: string }) {
  return <div aria-hidden className={classNames('animate-pulse rounded-lg bg-line/60', className)} />;
}

export function Loading({ what, rows = 3 }: { readonly what: string; readonly rows?: number }) {
  return (
    <div role="status" className="flex flex-col gap-3">
      <span className="sr-only">Loading {what}</span>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} className="h-20" />
      ))}
    </div>
  );
}
