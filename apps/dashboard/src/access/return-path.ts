/**
 * Where to go after signing in. Only a path of this dashboard: `//elsewhere` and `/\elsewhere` are addresses to a
 * browser, and would send a person with a fresh session to a stranger's page.
 */
export function returnPath(next: string | null): string {
  if (next === null || !/^\/(?![/\\])/.test(next)) return '/';
  const url = new URL(next, 'http://molo.invalid');
  if (url.origin !== 'http://molo.invalid' || url.pathname === '/sign-in' || url.pathname === '/claim') return '/';
  return `${url.pathname}${url.search}${url.hash}`;
}
