'use client';

import './globals.css';
import { Button } from '../ui/button';
import { Mark } from '../ui/mark';

/** The last resort, when the layout itself broke. */
export default function GlobalError({ retry }: { readonly retry: () => void }) {
  return (
    <html lang="en">
      <body>
        <title>Molo</title>
        <main className="mx-auto flex min-h-dvh max-w-md flex-col items-start justify-center gap-4 px-6">
          <Mark size={40} />
          <h1 className="text-2xl font-semibold tracking-tight">The page broke</h1>
          <p className="text-ink-soft">Your apps are not touched by this. Load the page again; if it stays, tell your sysadmin.</p>
          <Button tone="primary" onClick={retry}>
            Load again
          </Button>
        </main>
      </body>
    </html>
  );
}
