import { AppError, ManifestFile, type FieldError } from '@molo/contracts';
import { CST, Lexer, LineCounter, isMap, isScalar, parseDocument, visit, type Document } from 'yaml';
import { z } from 'zod';
import { nearest } from './nearest-name.js';

const maxBytes = 64 * 1024;
/** One who reads more of them in one go would rather have another look at the file. */
const mostErrors = 20;

type Place = readonly PropertyKey[];

/** Reads `molo.yml`. Every error names its line and column; unknown keys come with the key that was likely meant. */
export function parseMoloYml(text: string, fileName = 'molo.yml'): ManifestFile {
  if (Buffer.byteLength(text) > maxBytes) throw invalid([{ path: fileName, message: `is larger than ${maxBytes} bytes` }]);
  const lines = new LineCounter();
  refuseExplicitKeys(text, fileName);
  // The parser's own look for keys that are there twice compares each key with each other.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const [syntaxError] = document.errors;
  if (syntaxError) throw invalid([at(fileName, lines, syntaxError.pos[0], syntaxError.message)]);
  refuseDoubledKeys(document, lines, fileName);
  const value = plainValue(document, fileName);
  const result = ManifestFile.safeParse(value);
  if (result.success) return result.data;
  throw invalid(result.error.issues.slice(0, mostErrors).flatMap((issue) => fieldErrors(issue, document, lines, fileName)));
}

/** YAML's `? key` lets a map be a key. No key of molo.yml is one, and the time that the parser takes for some hundred of them in each other has no end. */
function refuseExplicitKeys(text: string, fileName: string): void {
  let line = 1;
  for (const lexeme of new Lexer().lex(text)) {
    if (CST.tokenType(lexeme) === 'explicit-key-ind') throw invalid([{ path: `${fileName}:${line}:1`, message: 'has a "?" before a key; write it as "key: value"' }]);
    line += lexeme.split('\n').length - 1;
  }
}

function refuseDoubledKeys(document: Document.Parsed, lines: LineCounter, fileName: string): void {
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? String(key.value) : '';
        const offset = (key as { range?: readonly [number, number, number] } | null)?.range?.[0] ?? 0;
        if (isScalar(key) && seen.has(name)) throw invalid([at(fileName, lines, offset, `"${name}" is there twice; keys must be unique`)]);
        // Records pass over this key in silence.
        if (name === '__proto__') throw invalid([at(fileName, lines, offset, '"__proto__" is reserved; take another name')]);
        seen.add(name);
      }
    },
  });
}

function plainValue(document: Document.Parsed, fileName: string): unknown {
  if (document.contents === null) return {};
  const version = isMap(document.contents) ? document.contents.get('version', true) : undefined;
  // As written: the YAML number 1.0 would come out as 1.
  if (isScalar(version) && typeof version.value === 'number' && version.source) (version as { value: unknown }).value = version.source;
  try {
    return document.toJS({ maxAliasCount: 50 }) as unknown;
  } catch (error) {
    throw new AppError('manifest_invalid', { detail: `${fileName} cannot be read: ${(error as Error).message}`, cause: error });
  }
}

function fieldErrors(issue: z.core.$ZodIssue, document: Document.Parsed, lines: LineCounter, fileName: string): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, mostErrors).map((key) => {
      const place = [...issue.path, key];
      const known = knownKeys(issue.path);
      const meant = nearest(key, known);
      const advice = meant ? `did you mean "${meant}"?` : `known keys: ${known.join(', ')}`;
      return at(fileName, lines, keyOffset(document, place), `unknown key "${dotted(place)}"; ${advice}`);
    });
  }
  const name = issue.path.length > 0 ? dotted(issue.path) : fileName;
  return [at(fileName, lines, keyOffset(document, issue.path), `"${name}" ${sentence(issue)}`)];
}

function sentence(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `must be ${articled(issue.expected)}`;
  if (issue.code === 'invalid_union') return unionSentence(issue);
  if (issue.code === 'too_small') return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}`;
  if (issue.code === 'invalid_key') return `must be a process type: ${issue.issues.map((inner) => inner.message).join(', ')}`;
  return issue.message;
}

function unionSentence(issue: z.core.$ZodIssueInvalidUnion): string {
  const expected = issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_type' ? [articled(inner.expected)] : []));
  return `must be ${[...new Set(expected)].join(' or ') || 'of another type'}`;
}

function articled(type: string): string {
  const words: Record<string, string> = { int: 'a whole number', object: 'a map of keys', record: 'a map of keys', array: 'a list', string: 'text' };
  return words[type] ?? `a ${type}`;
}

/** Where the key of a place stands in the text; of its nearest ancestor that is there. */
function keyOffset(document: Document.Parsed, place: Place): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of place) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (!pair) return offset;
      offset = (pair.key as { range?: readonly [number, number, number] }).range?.[0] ?? offset;
      node = pair.value;
    } else {
      const item = (node as { items?: readonly unknown[] } | null)?.items?.[Number(step)];
      if (!item) return offset;
      offset = (item as { range?: readonly [number, number, number] }).range?.[0] ?? offset;
      node = item;
    }
  }
  return offset;
}

function knownKeys(place: Place): string[] {
  let schema: z.ZodType = ManifestFile;
  for (const step of place) {
    schema = unwrapped(schema);
    if (schema instanceof z.ZodObject) schema = schema.shape[String(step)] as z.ZodType;
    else if (schema instanceof z.ZodRecord) schema = schema.valueType as z.ZodType;
    else return [];
  }
  schema = unwrapped(schema);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}

function at(fileName: string, lines: LineCounter, offset: number, message: string): FieldError {
  const { line, col } = lines.linePos(offset);
  return { path: `${fileName}:${Math.max(line, 1)}:${Math.max(col, 1)}`, message };
}

function dotted(place: Place): string {
  return place.map(String).join('.');
}

function invalid(errors: readonly FieldError[]): AppError {
  return new AppError('manifest_invalid', { detail: errors.map(({ path, message }) => `${path}: ${message}`).join('\n'), errors });
}
