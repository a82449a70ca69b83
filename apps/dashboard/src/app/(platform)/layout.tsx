import type { ReactNode } from 'react';
import { SignedInGate } from '../../access/signed-in-gate';
import { ConnectionBanner } from '../../platform/connection-banner';
import { Header } from '../../platform/header';
import { FocusKeeper } from '../../ui/focus-keeper';

export default function PlatformLayout({ children }: { readonly children: ReactNode }) {
  return (
    <>
      <a href="#main" className="sr-only focus:not-sr-only focus:absolute focus:z-10 focus:m-2 focus:rounded-lg focus:bg-surface focus:p-3">
        Skip to the content
      </a>
      <FocusKeeper />
      <Header />
      <ConnectionBanner />
      <main id="main" tabIndex={-1} className="mx-auto max-w-6xl px-4 py-8 outline-none sm:px-6">
        <SignedInGate>{children}</SignedInGate>
      </main>
    </>
  );
}
