import ssh2 from 'ssh2';
import { expect, it } from 'vitest';
import { freshKey, hostKeyFingerprint } from './ssh-host-key.js';

it('passes over a key that the server could not read', () => {
  const good = freshKey();
  const made = ['-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n', good];
  expect(freshKey(() => made.shift() ?? '')).toBe(good);
  expect(ssh2.utils.parseKey(good)).not.toBeInstanceOf(Error);
  expect(hostKeyFingerprint(good)).toMatch(/^SHA256:/);
});
