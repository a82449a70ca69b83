import type { ReactNode } from 'react';
import type { DeploymentState, Receipt } from '@molo/contracts';
import { CircleCheck, CircleX } from 'lucide-react';
import { formatBytes, formatCount, formatDuration } from '../text/quantities';
import { classNames } from '../ui/class-names';

export function isClean(receipt: Receipt): boolean {
  return receipt.failed === 0 && receipt.connectionsDropped === 0;
}

/** Green is for what went well: that a deployment which failed hurt no request is no more than it should be. */
export function receiptColour(receipt: Receipt, state: DeploymentState | undefined): string {
  if (!isClean(receipt)) return 'text-bad';
  return state === 'failed' || state === 'cancelled' ? 'text-ink-soft' : 'text-good';
}

/** What the deployment did to traffic while it ran. */
export function ReceiptView({ receipt, state }: { readonly receipt: Receipt; readonly state: DeploymentState }) {
  const clean = isClean(receipt);
  const Icon = clean ? CircleCheck : CircleX;
  return (
    <div className="rounded-lg border border-line bg-sunken">
      <p className={classNames('flex items-center gap-2 border-b border-dashed border-line-strong px-4 py-2.5 text-[0.9rem] font-semibold', receiptColour(receipt, state))}>
        <Icon aria-hidden className="size-4 shrink-0" />
        {clean ? 'No request failed, no connection dropped' : 'Some traffic was hurt'}
      </p>
      <dl className="tabular grid grid-cols-2 gap-x-6 gap-y-3 px-4 py-3 sm:grid-cols-3">
        <Entry name="Requests">{formatCount(receipt.requests)}</Entry>
        <Entry name="Failed" bad={receipt.failed > 0}>
          {formatCount(receipt.failed)}
        </Entry>
        <Entry name="Dropped" bad={receipt.connectionsDropped > 0}>
          {formatCount(receipt.connectionsDropped)}
        </Entry>
        <Entry name="Slowest">{receipt.requests === 0 ? 'none' : formatDuration(receipt.slowestMs)}</Entry>
        <Entry name="Took">{formatDuration(receipt.durationMs)}</Entry>
        <Entry name="Moved">
          {formatBytes(receipt.bytesMoved)}
        </Entry>
      </dl>
    </div>
  );
}

function Entry({ name, bad = false, children }: { readonly name: string; readonly bad?: boolean; readonly children: ReactNode }) {
  return (
    <div>
      <dt className="text-[0.78rem] text-ink-faint">{name}</dt>
      <dd className={classNames('text-[1.05rem] leading-snug font-semibold', bad && 'text-bad')}>{children}</dd>
    </div>
  );
}
