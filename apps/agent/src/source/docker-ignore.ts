import { createRequire } from 'node:module';
import type { Ignore } from '@balena/dockerignore';

// A CommonJS module whose types say that it is none.
const dockerignore = createRequire(import.meta.url)('@balena/dockerignore') as (options: { ignorecase: boolean }) => Ignore;

/** What a `.dockerignore` keeps out of a build context. The engine applies it to contexts that its own client sends only. */
export function dockerIgnore(text: string): (path: string) => boolean {
  const patterns = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  if (patterns.length === 0) return () => false;
  const matcher = dockerignore({ ignorecase: false }).add(patterns);
  return (path) => matcher.ignores(path);
}
