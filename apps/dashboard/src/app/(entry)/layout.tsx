import type { ReactNode } from 'react';
import { Pier } from '../../access/pier';
import { Mark } from '../../ui/mark';

export default function EntryLayout({ children }: { readonly children: ReactNode }) {
  return (
    <div className="grid min-h-dvh lg:grid-cols-[minmax(28rem,2fr)_3fr]">
      <main className="mx-auto flex w-full max-w-md flex-col justify-center px-6 py-10">
        <div className="mb-10 flex items-center gap-3">
          <Mark size={36} />
          <span className="text-2xl font-semibold tracking-tight">Molo</span>
        </div>
        {children}
      </main>
      <aside className="hidden flex-col items-center justify-center gap-10 bg-[#0b4853] px-12 [--layer-os-base:#6b8a9e] [--on-harbour:#ffffff] lg:flex">
        <Pier />
        <p className="max-w-md text-center text-lg text-white/85">Push, and it is live. Look back, and every version still lies at the pier.</p>
      </aside>
    </div>
  );
}
