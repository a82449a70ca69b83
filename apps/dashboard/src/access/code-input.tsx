import { Input } from '../ui/field';

interface CodeInputProps {
  readonly error?: string | undefined;
  /** False where nothing but the app's own code will do. */
  readonly takesRecoveryCode?: boolean;
  readonly autoFocus?: boolean;
}

/** A code of the authenticator app. No pattern is asked for: people type spaces, and recovery codes have letters. */
export function CodeInput({ error, takesRecoveryCode = true, autoFocus = false }: CodeInputProps) {
  const hint = takesRecoveryCode ? 'Six digits of your authenticator app, or a recovery code. Who has lost both asks a sysadmin.' : 'The six digits that the app shows now.';
  return <Input label="Code" name="code" inputMode={takesRecoveryCode ? 'text' : 'numeric'} autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} required maxLength={50} autoFocus={autoFocus} className="font-mono tracking-widest" hint={hint} error={error} />;
}
