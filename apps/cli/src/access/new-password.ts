import { AppError, Password } from '@molo/contracts';
import { askSecret } from '../terminal/ask.js';

/** Asked twice, since nobody sees what they type. */
export async function newPassword(question: string): Promise<string> {
  const password = await askSecret(question);
  const parsed = Password.safeParse(password);
  if (!parsed.success) throw new AppError('invalid_input', { detail: `The password ${parsed.error.issues[0]?.message ?? 'is not valid'}.` });
  if ((await askSecret('The same once more: ')) !== password) throw new AppError('invalid_input', { detail: 'These were two passwords. Nothing was done.' });
  return password;
}
