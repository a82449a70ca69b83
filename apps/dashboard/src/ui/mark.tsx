/** The mark: a pier, its deck on three piles over the water line; read as the m of Molo. */
export function Mark({ size = 28 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" className="fill-harbour" />
      <path d="M6.5 10.5h19M8.5 10.5v9.5M16 10.5v9.5M23.5 10.5v9.5" className="stroke-on-harbour" strokeWidth="2.6" strokeLinecap="round" fill="none" />
      <path
        d="M5.5 24.2c1.75 0 1.75-1.5 3.5-1.5s1.75 1.5 3.5 1.5 1.75-1.5 3.5-1.5 1.75 1.5 3.5 1.5 1.75-1.5 3.5-1.5 1.75 1.5 3.5 1.5"
        className="stroke-on-harbour"
        strokeOpacity="0.7"
        strokeWidth="1.7"
        strokeLinecap="round"
        fill="none"
      />
    </svg>
  );
}
