import { terminalText } from '../logs/terminal-text';

/** Text that somebody gave, such as a commit's subject or a name: nothing in it hides or turns other text around, and however long it is, it stays in its place. */
export function Given({ text }: { readonly text: string }) {
  return <bdi className="wrap-anywhere">{terminalText(text)}</bdi>;
}
