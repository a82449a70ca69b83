import type { ReactNode } from 'react';
import type { Metadata, Viewport } from 'next';
import { connection } from 'next/server';
import { Providers } from '../platform/providers';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'Molo', template: '%s · Molo' },
  description: 'Git push to production on your own Linux servers',
  robots: { index: false, follow: false },
};

export const viewport: Viewport = {
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#ffffff' },
    { media: '(prefers-color-scheme: dark)', color: '#101d23' },
  ],
};

/** Pages are rendered for each request because each carries its own nonce; they hold no data, so that is cheap. */
export default async function RootLayout({ children }: { readonly children: ReactNode }) {
  await connection();
  return (
    <html lang="en">
      <body>
        <Providers>{children}</Providers>
      </body>
    </html>
  );
}
