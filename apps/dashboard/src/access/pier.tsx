const piles = [60, 128, 196, 264, 332];

/** The pier over still water; only an ornament. */
export function Pier() {
  return (
    <svg viewBox="0 0 480 360" aria-hidden="true" focusable="false" className="w-full max-w-xl" fill="none" strokeLinecap="round">
      <path d="M392 213a38 38 0 0 1 76 0z" className="fill-layer-library" />
      <path d="M0 214h480" className="stroke-on-harbour" strokeOpacity="0.25" strokeWidth="2" />
      {[238, 262, 290].map((y, row) => (
        <path key={y} d={`M${40 + row * 30} ${y}h${110 - row * 12}M${250 + row * 24} ${y}h${150 - row * 30}`} className="stroke-on-harbour" strokeOpacity={0.34 - row * 0.08} strokeWidth="3" />
      ))}
      {piles.map((x) => (
        <path key={x} d={`M${x} 168v84`} className="stroke-on-harbour" strokeWidth="9" />
      ))}
      <path d="M0 164h372" className="stroke-on-harbour" strokeWidth="12" />
      <path d="M352 164v-26" className="stroke-on-harbour" strokeWidth="6" />
      <rect x="342" y="116" width="20" height="22" rx="4" className="fill-layer-source" />
      {['os-base', 'os-custom', 'binary', 'library', 'source'].map((kind, index) => (
        <rect key={kind} x="150" y={146 - index * 16} width="78" height="13" rx="3" className={crates[index]} />
      ))}
      <rect x="240" y="146" width="42" height="13" rx="3" className="fill-layer-library" opacity="0.75" />
    </svg>
  );
}

const crates = ['fill-layer-os-base', 'fill-layer-os-custom', 'fill-layer-binary', 'fill-layer-library', 'fill-layer-source'];
