import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '@molo/contracts';
import { z } from 'zod';

const Credentials = z.object({
  /** Where `molo login` signed in. With the id of the token where it was made for that, and so goes with it. */
  login: z.object({ url: z.string(), token: z.string(), tokenId: z.string().optional() }).nullable().default(null),
  /** Short-lived tokens for git, made where the owner's socket needs none: for the platform behind a socket, at an address. */
  gitTokens: z.array(z.object({ socket: z.string(), origin: z.string(), id: z.string(), token: z.string(), expiresAt: z.iso.datetime() })).default([]),
});
export type Credentials = z.infer<typeof Credentials>;

export async function readCredentials(file: string): Promise<Credentials> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw new AppError('invalid_input', { detail: `${file} cannot be read (${error.code}). Check who owns it.`, cause: error });
  });
  try {
    return Credentials.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('invalid_input', { detail: `${file} is damaged. Remove it and sign in again with molo login.`, cause });
  }
}

/** Only its owner may read it, and it is replaced as a whole. */
export async function writeCredentials(file: string, credentials: Credentials): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  try {
    await writeFile(draft, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
