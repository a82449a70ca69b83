import { CircleCheck, CircleDashed, TriangleAlert } from 'lucide-react';
import { classNames } from '../ui/class-names';

/** Instances wanted and healthy, in words and not by colour alone. */
export function Health({ wanted, healthy }: { readonly wanted: number; readonly healthy: number }) {
  const whole = wanted > 0 && healthy >= wanted;
  const Icon = whole ? CircleCheck : wanted === 0 ? CircleDashed : TriangleAlert;
  const tone = whole ? 'text-good' : wanted === 0 ? 'text-ink-faint' : healthy === 0 ? 'text-bad' : 'text-warn';
  return (
    <span className={classNames('inline-flex items-center gap-1.5 font-medium whitespace-nowrap', tone)}>
      <Icon aria-hidden className="size-4 shrink-0" />
      {wanted === 0 ? 'No instances' : `${healthy} of ${wanted} healthy`}
    </span>
  );
}
