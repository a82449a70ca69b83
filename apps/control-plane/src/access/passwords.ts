import { hash, verify } from '@node-rs/argon2';

/** OWASP's second choice for argon2id: 19 MiB, two passes. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export async function hashPassword(password: string): Promise<string> {
  return await hash(password, cost);
}

let nobodys: Promise<string> | null = null;

/** Takes as long for a user who does not exist (`stored` null) as for a wrong password. */
export async function isPassword(password: string, stored: string | null): Promise<boolean> {
  nobodys ??= hashPassword('the password of nobody');
  const isRight = await verify(stored ?? (await nobodys), password);
  return isRight && stored !== null;
}
