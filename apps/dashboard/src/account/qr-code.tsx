import { encodeQR } from 'qr';

/** The light around it that a camera needs to find it. */
const border = 4;

/** Dark on white, whatever the theme: that is how cameras read it. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const rows = encodeQR(text, 'raw', { border });
  const path = rows.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${rows.length} ${rows.length}`} shapeRendering="crispEdges" className="size-52 shrink-0 rounded-lg bg-white text-black">
      <path d={path} fill="currentColor" />
    </svg>
  );
}
