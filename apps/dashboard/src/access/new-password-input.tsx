import { Input } from '../ui/field';
import { shortestPassword } from './use-entry';

export function NewPasswordInput({ error, label = 'Password', ...rest }: { readonly error: string | undefined; readonly label?: string; readonly autoFocus?: boolean }) {
  return <Input label={label} name="password" type="password" autoComplete="new-password" required maxLength={1024} hint={`At least ${shortestPassword} characters; a few words make a good one.`} error={error} {...rest} />;
}
