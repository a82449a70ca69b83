import type { ReleaseReason } from '@molo/contracts';
import { ArrowUpFromLine, Globe, type LucideIcon, RefreshCw, Scaling, SlidersHorizontal, Truck, Undo2, Upload } from 'lucide-react';

const icons: Record<ReleaseReason, LucideIcon> = { push: Upload, promotion: ArrowUpFromLine, rollback: Undo2, redeploy: RefreshCw, config: SlidersHorizontal, scale: Scaling, domains: Globe, move: Truck };

export function ReasonIcon({ reason }: { readonly reason: ReleaseReason }) {
  const Icon = icons[reason];
  return <Icon aria-hidden className="inline size-3.5 shrink-0 text-ink-faint" />;
}
