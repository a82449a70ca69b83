import { AppError } from '@molo/contracts';
import { posix } from 'node:path';

/** Longer than any path that a file system takes. */
const longestPattern = 4096;

interface Rule {
  readonly glob: Glob;
  /** `!`: brings back what rules before it left out. */
  readonly bringsBack: boolean;
}

/**
 * What a `.dockerignore` keeps out of a build context. The engine applies it to contexts that its own client sends only.
 * Throws `source_invalid` for a pattern that the engine's client would refuse too.
 */
export function dockerIgnore(text: string): (path: string) => boolean {
  const rules = text.split(/\r?\n/).flatMap((line, index) => ruleOf(line, index + 1));
  return (path) => {
    const last = rules.findLast(({ glob }) => glob.matchesPathOrFolderAbove(path));
    return last !== undefined && !last.bringsBack;
  };
}

function ruleOf(line: string, number: number): Rule[] {
  const written = line.trim();
  if (written === '' || line.startsWith('#')) return [];
  const bringsBack = written.startsWith('!');
  const pattern = posix.normalize(written.slice(bringsBack ? 1 : 0).trim() || '.').replace(/(?<=.)\/$/, '');
  if (pattern.length > longestPattern) throw invalid(number, `has more than ${longestPattern} characters`);
  return [{ glob: new Glob(pattern.replace(/^\/(?=.)/, ''), number), bringsBack }];
}

type Token =
  | { readonly kind: 'one'; readonly fits: (character: string) => boolean }
  /** `*`: any characters of one name. */
  | { readonly kind: 'name' }
  /** `**` before something: any number of whole folders, none too. */
  | { readonly kind: 'folders' }
  /** `**` at the end: all that follows. */
  | { readonly kind: 'rest' };

/**
 * A pattern as the engine's client reads it (moby's patternmatcher). It is followed through all ways of matching at once,
 * so that its time is at most the length of the pattern times that of the path: a regular expression of the same pattern
 * can take longer than the world lasts.
 */
class Glob {
  readonly #tokens: readonly Token[];

  constructor(pattern: string, lineNumber: number) {
    this.#tokens = tokensOf(pattern, lineNumber);
  }

  matchesPathOrFolderAbove(path: string): boolean {
    let places = this.#from([0]);
    for (const character of path) {
      if (character === '/' && this.#isEnd(places)) return true;
      places = this.#from([...places].flatMap((place) => this.#after(place, character)));
      if (places.size === 0) return false;
    }
    return this.#isEnd(places);
  }

  /** Places are those of tokens; half a place more is inside of `folders`, which then has to come to its slash. */
  #after(place: number, character: string): number[] {
    const token = this.#tokens[Math.floor(place)];
    switch (token?.kind) {
      case 'one':
        return token.fits(character) ? [place + 1] : [];
      case 'name':
        return character === '/' ? [] : [place];
      case 'folders':
        return character === '/' ? [Math.floor(place) + 0.5, Math.floor(place) + 1] : [Math.floor(place) + 0.5];
      case 'rest':
        return [place];
      case undefined:
        return [];
    }
  }

  /** These places, and those that are reached from them with no character. */
  #from(reached: readonly number[]): Set<number> {
    const places = new Set<number>();
    for (let place of reached) {
      while (!places.has(place)) {
        places.add(place);
        const kind = this.#tokens[place]?.kind;
        if (kind === 'name' || kind === 'folders') place += 1;
      }
    }
    return places;
  }

  #isEnd(places: ReadonlySet<number>): boolean {
    return places.has(this.#tokens.length) || (this.#tokens.at(-1)?.kind === 'rest' && places.has(this.#tokens.length - 1));
  }
}

function tokensOf(pattern: string, lineNumber: number): Token[] {
  return [...pattern.matchAll(/\*\*\/?|\*|\?|\\[^]|\[(?:\\[^]|[^\]\\])*\]|[^]/gu)].map(({ 0: part, index }) => {
    if (part === '**' && index + part.length === pattern.length) return { kind: 'rest' };
    if (part.startsWith('**')) return { kind: 'folders' };
    if (part === '*') return { kind: 'name' };
    return { kind: 'one', fits: fitting(part, lineNumber) };
  });
}

function fitting(part: string, lineNumber: number): (character: string) => boolean {
  if (part === '?') return (character) => character !== '/';
  if (part === '\\') throw invalid(lineNumber, 'ends with a backslash that escapes nothing');
  if (part === '[') throw invalid(lineNumber, 'has a [ without its ]; to mean the character itself write \\[');
  if (part.startsWith('[')) return oneOf(part.slice(1, -1), lineNumber);
  const wanted = part.replace(/^\\/, '');
  return (character) => character === wanted;
}

/** `[a-z_]`, `[^a-z]`. */
function oneOf(members: string, lineNumber: number): (character: string) => boolean {
  const isOthers = members.startsWith('^');
  const ranges = [...members.slice(isOthers ? 1 : 0).matchAll(/(?:\\([^])|([^]))(?:-(?:\\([^])|([^])))?/gu)].map(([, a, b, c, d]) => ({ from: a ?? b ?? '', to: c ?? d ?? a ?? b ?? '' }));
  if (ranges.length === 0) throw invalid(lineNumber, 'has [] with nothing between');
  return (character) => character !== '/' && ranges.some(({ from, to }) => from <= character && character <= to) !== isOthers;
}

function invalid(lineNumber: number, message: string): AppError {
  return new AppError('source_invalid', { detail: `.dockerignore: line ${lineNumber} ${message}.` });
}
