import type { Commit } from '@molo/contracts';
import { runGit } from './git-command.js';

/** What a push brings for the branch that deploys. */
export interface PushedCommit {
  readonly commit: Commit;
  readonly treeId: string;
  readonly isEmpty: boolean;
  /** Where the branch stands now; null when there is none yet. */
  readonly presentId: string | null;
  /** The version that a tag on the commit names, without a leading v. */
  readonly versionTag: string | null;
}

interface Asked {
  readonly repository: string;
  readonly ref: string;
  readonly newId: string;
  /** Tags pushed along; git stores them after the deployment. */
  readonly newTags: readonly { readonly ref: string; readonly newId: string }[];
}

/** The ids of empty trees, in SHA-1 and SHA-256. */
const emptyTrees = new Set(['4b825dc642cb6eb9a060e54bf8d69288fbee4904', '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321']);

/** What is read of a commit: its headers and the start of its message, which may be of any length. */
const mostCommitBytes = 65_536;
const mostSubjectCharacters = 500;

/** @returns null when `newId` is not a commit */
export async function readPushedCommit({ repository, ref, newId, newTags }: Asked): Promise<PushedCommit | null> {
  const [{ ids, contents: commit }, storedTags] = await Promise.all([
    readObjects(repository, [ref, ...newTags.map((tag) => `${tag.newId}^{commit}`)], `${newId}^{commit}`),
    tagsOn(repository, newId),
  ]);
  if (!commit) return null;
  const [presentId = null, ...peeledTags] = ids;
  const tagsHere = newTags.filter((_, index) => peeledTags[index] === commit.id).map((tag) => tag.ref);
  const { treeId, subject, author } = parseCommit(commit.body);
  return {
    commit: { id: commit.id, subject, author },
    treeId,
    isEmpty: emptyTrees.has(treeId),
    presentId,
    versionTag: versionOf([...tagsHere, ...storedTags]),
  };
}

interface Objects {
  /** null where there is no such object. */
  readonly ids: readonly (string | null)[];
  readonly contents: { readonly id: string; readonly body: string } | null;
}

/** The ids of some objects and the start of one more, from one git process. */
async function readObjects(repository: string, names: readonly string[], last: string): Promise<Objects> {
  const input = [...names.map((name) => `info ${name}\n`), `contents ${last}\n`].join('');
  // A line of the answer is the id, type and size of the object, or its name and "missing".
  const mostAnswerBytes = input.length + 100 * (names.length + 1);
  const output = await runGit(['-C', repository, 'cat-file', '--batch-command'], input, mostAnswerBytes + mostCommitBytes);
  let at = 0;
  const nextId = () => {
    const endOfLine = output.indexOf('\n', at);
    const [id = '', type, bytes] = output.toString('utf8', at, endOfLine).split(' ');
    at = endOfLine + 1;
    return /^[0-9a-f]+$/.test(id) && type !== undefined && bytes !== undefined ? id : null;
  };
  const ids = names.map(nextId);
  const id = nextId();
  return { ids, contents: id === null ? null : { id, body: output.toString('utf8', at) } };
}

async function tagsOn(repository: string, commitId: string): Promise<string[]> {
  const output = await runGit(['-C', repository, 'for-each-ref', '--format=%(refname)', `--points-at=${commitId}`, 'refs/tags']).catch(() => Buffer.alloc(0));
  return output.toString().split('\n').filter(Boolean);
}

function parseCommit(body: string): { treeId: string; subject: string; author: string } {
  const endOfHeaders = body.indexOf('\n\n');
  const headers = endOfHeaders === -1 ? body : body.slice(0, endOfHeaders);
  const message = endOfHeaders === -1 ? '' : body.slice(endOfHeaders + 2).trimStart();
  // Cut before it is searched: the time that these patterns take grows with the square of the length.
  const subject = message.slice(0, 2 * mostSubjectCharacters).split(/\n\s*\n/, 1)[0]?.replace(/\s*\n\s*/g, ' ').trim() ?? '';
  return {
    treeId: /^tree ([0-9a-f]+)$/m.exec(headers)?.[1] ?? '',
    subject: subject.slice(0, mostSubjectCharacters),
    author: /^author (.*?) ?<.*$/m.exec(headers)?.[1]?.slice(0, 200) ?? '',
  };
}

const versionTagPattern = /^refs\/tags\/v?(\d[0-9A-Za-z.+_-]{0,99})$/;

/** The highest of the versions that the tags name: 1.10 comes after 1.9. */
export function versionOf(tagRefs: readonly string[]): string | null {
  const versions = tagRefs.flatMap((ref) => versionTagPattern.exec(ref)?.[1] ?? []);
  return versions.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? null;
}
