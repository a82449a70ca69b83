import { fileURLToPath } from 'node:url';
import type { NextConfig } from 'next';

/** Headers that do not change from one request to the next; the Content-Security-Policy carries a nonce and comes from `proxy.ts`. */
const securityHeaders = [
  { key: 'X-Content-Type-Options', value: 'nosniff' },
  { key: 'X-Frame-Options', value: 'DENY' },
  { key: 'Referrer-Policy', value: 'same-origin' },
  { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
  { key: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=(), payment=(), usb=()' },
];

const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));

const config: NextConfig = {
  agentRules: false,
  poweredByHeader: false,
  reactStrictMode: true,
  devIndicators: false,
  turbopack: { root: repositoryRoot, resolveAlias: { zod: { browser: './src/platform/unchecked-schemas.ts' } } },
  outputFileTracingRoot: repositoryRoot,
  // HAProxy in front does not compress; script is the bulk of a page.
  compress: true,
  // The shells hold no data, so a page once visited opens again without asking the server.
  experimental: { staleTimes: { dynamic: 300 } },
  headers: () => Promise.resolve([{ source: '/:path*', headers: securityHeaders }]),
};

export default config;
