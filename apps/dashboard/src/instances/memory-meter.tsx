import { formatMemory } from '../text/quantities';
import { classNames } from '../ui/class-names';

const nearLimit = 0.85;

export function MemoryMeter({ usedBytes, limitBytes }: { readonly usedBytes: number | null; readonly limitBytes: number }) {
  if (usedBytes === null) return <span className="text-ink-faint">limit {formatMemory(limitBytes)}</span>;
  const share = Math.min(1, usedBytes / Math.max(limitBytes, 1));
  return (
    <span className="block min-w-36">
      <span className="tabular block text-[0.87rem] whitespace-nowrap">
        {formatMemory(usedBytes)} <span className="text-ink-faint">of {formatMemory(limitBytes)}</span>
      </span>
      <span aria-hidden className="mt-1 block h-1.5 overflow-hidden rounded-full bg-line">
        <span className={classNames('block h-full rounded-full', share > nearLimit ? 'bg-bad' : 'bg-layer-binary')} style={{ width: `${share * 100}%` }} />
      </span>
    </span>
  );
}
