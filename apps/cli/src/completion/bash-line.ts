/** A part of a command line, read as bash reads words: quotes and backslashes are taken off, nothing is expanded. */
export interface Line {
  /** Whole words. */
  readonly words: readonly string[];
  /** The word that the cursor stands in or behind; empty after a space. */
  readonly current: string;
  readonly openQuote: '"' | "'" | '';
  /** Whether the current word is the file of a redirection. */
  readonly isRedirected: boolean;
}

/** Undefined where another command begins within the line, about which nothing is known. */
export function readLine(text: string): Line | undefined {
  const reader = new LineReader();
  for (let at = 0; at < text.length; ) {
    const token = reader.openQuote === "'" ? text.charAt(at) : (/\\[\s\S]?|\$\(|[\s\S]/uy.exec(text.slice(at))?.[0] ?? '');
    if (!reader.read(token)) return undefined;
    at += token.length;
  }
  return reader;
}

class LineReader implements Line {
  readonly words: string[] = [];
  current = '';
  openQuote: Line['openQuote'] = '';
  isRedirected = false;
  /** A word may be empty: "". */
  private isWord = false;

  /** False where the token begins another command. */
  read(token: string): boolean {
    if (this.openQuote === "'" && token !== "'") this.add(token);
    else if (token === '$(' || token === '`') return false;
    else if (token === this.openQuote) this.openQuote = '';
    else if (token.startsWith('\\')) this.addEscaped(token);
    else if (this.openQuote === '') return this.readUnquoted(token);
    else this.add(token);
    return true;
  }

  private readUnquoted(token: string): boolean {
    if (/[;|&()]/.test(token)) return false;
    if (token === '"' || token === "'") {
      this.openQuote = token;
      this.isWord = true;
    } else if (/[<>]/.test(token)) this.redirect();
    else if (/\s/.test(token)) this.end();
    else this.add(token);
    return true;
  }

  private add(text: string): void {
    this.current += text;
    this.isWord = true;
  }

  private addEscaped(token: string): void {
    if (token === '\\\n') return;
    // Between double quotes most backslashes are themselves.
    this.add(this.openQuote === '"' && !/[$`"\\]/.test(token.slice(1)) ? token : token.slice(1));
  }

  private redirect(): void {
    // A number right before it is a file descriptor.
    if (/^\d+$/.test(this.current)) this.drop();
    this.end();
    this.isRedirected = true;
  }

  private end(): void {
    if (!this.isWord) return;
    if (!this.isRedirected) this.words.push(this.current);
    this.drop();
    this.isRedirected = false;
  }

  private drop(): void {
    this.current = '';
    this.isWord = false;
  }
}

/** Text such that bash reads it as itself, where a quote stands open or none does. */
export function quote(text: string, openQuote: Line['openQuote']): string {
  if (openQuote === "'") return text.replaceAll("'", "'\\''");
  // Between double quotes a ! would still fetch from the history.
  if (openQuote === '"') return text.replaceAll(/[$`"\\]/g, '\\$&').replaceAll('!', `"'!'"`);
  return text.replaceAll(/[^\w%+,./:=@\p{L}\p{N}-]/gu, '\\$&');
}

/**
 * What readline is to put in the place of `replaced`, the end of the line that it takes for the word: it breaks words at
 * signs such as = and :, and behind an opening quote.
 */
export function replacements(text: string, replaced: string, words: readonly string[]): readonly string[] {
  const line = readLine(text);
  const kept = text.endsWith(replaced) ? readLine(text.slice(0, text.length - replaced.length)) : undefined;
  if (!line || !kept) return [];
  return words.filter((word) => word.startsWith(line.current)).map((word) => closed(quote(word.slice(kept.current.length), kept.openQuote), kept.openQuote));
}

/** Readline closes a quote that stands open, but not where it takes the last sign for the closing one. */
function closed(quoted: string, openQuote: Line['openQuote']): string {
  return openQuote !== '' && quoted.endsWith(openQuote) ? quoted + openQuote : quoted;
}
