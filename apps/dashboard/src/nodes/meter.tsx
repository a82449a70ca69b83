import { classNames } from '../ui/class-names';

interface MeterProps {
  readonly name: string;
  readonly used: number | null;
  readonly total: number | null;
  readonly format: (amount: number) => string;
}

const nearFull = 0.85;

export function Meter({ name, used, total, format }: MeterProps) {
  const share = used === null || total === null || total === 0 ? null : Math.min(1, used / total);
  return (
    <div>
      <p className="flex justify-between gap-3 text-[0.87rem]">
        <span className="text-ink-soft">{name}</span>
        <span className="tabular">{used === null || total === null ? 'not told yet' : `${format(used)} of ${format(total)}`}</span>
      </p>
      <div role="meter" aria-label={name} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round((share ?? 0) * 100)} className="mt-1.5 h-2 overflow-hidden rounded-full bg-line">
        <div className={classNames('h-full rounded-full', (share ?? 0) > nearFull ? 'bg-bad' : 'bg-layer-binary')} style={{ width: `${(share ?? 0) * 100}%` }} />
      </div>
    </div>
  );
}
