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
  /** Paths of submodules: folders that are empty in what is deployed. */
  readonly submodules: readonly string[];
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

/** @returns null when `newId` is not a commit */
export async function readPushedCommit(asked: Asked): Promise<PushedCommit | null> {
  const [objects, storedTags] = await Promise.all([
    readObjects(asked.repository, [
      { ask: 'contents', name: `${asked.newId}^{commit}` },
      { ask: 'info', name: asked.ref },
      { ask: 'contents', name: `${asked.newId}:.gitmodules` },
      ...asked.newTags.map((tag) => ({ ask: 'info' as const, name: `${tag.newId}^{commit}` })),
    ]),
    tagsOn(asked.repository, asked.newId),
  ]);
  const [commit, present, modules, ...peeledTags] = objects;
  if (!commit) return null;
  const newTags = asked.newTags.filter((_, index) => peeledTags[index]?.id === commit.id).map((tag) => tag.ref);
  const { treeId, subject, author } = parseCommit(commit.body);
  return {
    commit: { id: commit.id, subject, author },
    treeId,
    isEmpty: emptyTrees.has(treeId),
    presentId: present?.id ?? null,
    versionTag: versionOf([...newTags, ...storedTags]),
    submodules: modules ? submodulePaths(modules.body) : [],
  };
}

interface GitObject {
  readonly id: string;
  readonly body: string;
}

/** One git process for all of them. */
async function readObjects(repository: string, questions: readonly { ask: 'info' | 'contents'; name: string }[]): Promise<(GitObject | null)[]> {
  const input = questions.map(({ ask, name }) => `${ask} ${name}\n`).join('');
  const output = await runGit(['-C', repository, 'cat-file', '--batch-command'], input);
  let at = 0;
  return questions.map(({ ask }) => {
    const endOfLine = output.indexOf('\n', at);
    const [id = '', type, bytes] = output.toString('utf8', at, endOfLine).split(' ');
    at = endOfLine + 1;
    if (!/^[0-9a-f]+$/.test(id) || type === undefined || bytes === undefined) return null;
    if (ask === 'info') return { id, body: '' };
    const body = output.toString('utf8', at, at + Number(bytes));
    at += Number(bytes) + 1;
    return { id, body };
  });
}

async function tagsOn(repository: string, commitId: string): Promise<string[]> {
  const output = await runGit(['-C', repository, 'for-each-ref', '--format=%(refname)', `--points-at=${commitId}`, 'refs/tags']).catch(() => Buffer.alloc(0));
  return output.toString().split('\n').filter(Boolean);
}

function parseCommit(body: string): { treeId: string; subject: string; author: string } {
  const endOfHeaders = body.indexOf('\n\n');
  const headers = endOfHeaders === -1 ? body : body.slice(0, endOfHeaders);
  const message = endOfHeaders === -1 ? '' : body.slice(endOfHeaders + 2);
  const subject = message.trimStart().split(/\n\s*\n/, 1)[0]?.replace(/\s*\n\s*/g, ' ').trim() ?? '';
  return {
    treeId: /^tree ([0-9a-f]+)$/m.exec(headers)?.[1] ?? '',
    subject: subject.slice(0, 500),
    author: /^author (.*?) ?<.*$/m.exec(headers)?.[1]?.slice(0, 200) ?? '',
  };
}

const versionTagPattern = /^refs\/tags\/v?(\d[0-9A-Za-z.+_-]{0,99})$/;

/** The highest of the versions that the tags name: 1.10 comes after 1.9. */
export function versionOf(tagRefs: readonly string[]): string | null {
  const versions = tagRefs.flatMap((ref) => versionTagPattern.exec(ref)?.[1] ?? []);
  return versions.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? null;
}

function submodulePaths(gitmodules: string): string[] {
  return [...gitmodules.matchAll(/^\s*path\s*=\s*(.+?)\s*$/gm)].map((match) => match[1] ?? '');
}
