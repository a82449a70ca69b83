import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import ssh2 from 'ssh2';
import { fingerprintOf } from '../access/ssh-public-key.js';

/** The server's key, made once: a client that saw another would warn of an attack. */
export async function sshHostKey(path: string): Promise<string> {
  const kept = await read(path);
  if (kept !== null) return kept;
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, newHostKey(), { mode: 0o600, flush: true });
  try {
    // Whoever is first wins; a link never replaces what is there.
    await link(draft, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(path, 'utf8');
}

/** Of some hundred keys ssh2 (1.17) writes one that it cannot read itself: its start would fail for good. */
export function newHostKey(generate: () => string = () => ssh2.utils.generateKeyPairSync('ed25519').private): string {
  for (;;) {
    const key = generate();
    if (!(ssh2.utils.parseKey(key) instanceof Error)) return key;
  }
}

/** As ssh shows it on the first connection. */
export function hostKeyFingerprint(hostKey: string): string {
  const key = ssh2.utils.parseKey(hostKey);
  if (key instanceof Error) throw key;
  return fingerprintOf(key.getPublicSSH());
}

async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
