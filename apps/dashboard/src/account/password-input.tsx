import { Input } from '../ui/field';

interface PasswordInputProps {
  /** Whose it is. */
  readonly email: string;
  readonly error?: string | undefined;
}

/** Asks once more for the password of who is signed in. */
export function PasswordInput({ email, error }: PasswordInputProps) {
  return (
    <>
      {/* For the password manager, which else would not know under which name to look. */}
      <input type="email" autoComplete="username" value={email} readOnly hidden aria-hidden tabIndex={-1} />
      <Input label="Password" name="password" type="password" autoComplete="current-password" required maxLength={1024} error={error} />
    </>
  );
}
