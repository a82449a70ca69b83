import type { MoloClient } from '@molo/client';
import { AppError, type User } from '@molo/contracts';
import { readPages } from '../pages.js';

/** By e-mail address, whatever its case, or by id. */
export async function findUser(client: MoloClient, named: string): Promise<User> {
  const users = await readPages((query) => client.listUsers({ query }));
  const found = users.find(({ id, email }) => id === named || email.toLowerCase() === named.toLowerCase());
  if (found) return found;
  throw new AppError('not_found', { detail: `There is no user ${named}. molo users lists those that there are.` });
}
