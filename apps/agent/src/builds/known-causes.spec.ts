import { describe, expect, it } from 'vitest';
import { knownCause } from './known-causes.js';

describe('what a build wrote about its cause', () => {
  it.each([
    ['npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync.', 'run npm install'],
    [' ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile"', 'run pnpm install'],
    ['error Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`.', 'run yarn install'],
    ['➤ YN0028: │ The lockfile would have been modified by this install, which is explicitly forbidden.', 'run yarn install'],
    ["WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f1a>: Failed to establish a new connection: [Errno -2] Name or service not known')': /simple/flask/", 'The Python package index cannot be reached'],
    ['npm error request to https://npm.example.com/x failed, reason: getaddrinfo ENOTFOUND npm.example.com', 'npm.example.com cannot be reached'],
    ['curl: (6) Could not resolve host: example.org', 'example.org cannot be reached'],
    ['npm error code E401', 'build.secrets'],
  ])('is known: %s', (line, advice) => {
    expect(knownCause(line)).toContain(advice);
  });

  it('is left to its last lines where nothing is known', () => {
    expect(knownCause('ERROR: No matching distribution found for Flask==99')).toBeUndefined();
    expect(knownCause('added 21 packages in 13s')).toBeUndefined();
  });
});
