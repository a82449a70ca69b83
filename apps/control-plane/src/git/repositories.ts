import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AppName, type Commit } from '@molo/contracts';
import { Config } from '../config.js';
import { runGit } from './git-command.js';
import { areInTheWay, isZero, type RefUpdate } from './ref-update.js';

/** What is deployed is the tree as it was pushed: `git archive` is not to leave out or rewrite files. */
const attributes = '* -export-ignore -export-subst\n';
/** More than anybody reads before they approve. */
const mostCommits = 50;
const staleLockMs = 10_000;
const staleDraftMs = 60 * 60_000;

/** The bare repositories of the apps, `git/<app>.git` under MOLO_HOME. */
@Injectable()
export class Repositories implements OnModuleInit {
  constructor(private readonly config: Config) {}

  /** What a process that was killed had half made or half removed. */
  async onModuleInit(): Promise<void> {
    const names = await readdir(this.config.path('git')).catch(() => []);
    await Promise.all(names.filter((name) => name.startsWith('.')).map((name) => this.#removeIfStale(this.config.path('git', name))));
  }

  pathOf(appName: string): string {
    return this.config.path('git', `${AppName.parse(appName)}.git`);
  }

  /** Makes the repository unless it is there. One that two make at once is made once. */
  async create(appName: string, branch = 'main'): Promise<void> {
    const path = this.pathOf(appName);
    if (await exists(join(path, 'HEAD'))) return this.#pointHead(path, branch);
    const draft = this.config.path('git', `.${appName}.${randomBytes(6).toString('hex')}`);
    try {
      await mkdir(this.config.path('git'), { recursive: true });
      await runGit(['init', '--quiet', '--bare', '--template=', `--initial-branch=${branch}`, draft]);
      await mkdir(join(draft, 'info'), { recursive: true });
      await writeFile(join(draft, 'info/attributes'), attributes);
      await rename(draft, path);
    } catch (error) {
      if (!(await exists(join(path, 'HEAD')))) throw error;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  async remove(appName: string): Promise<void> {
    const gone = this.config.path('git', `.${appName}.${randomBytes(6).toString('hex')}`);
    try {
      await rename(this.pathOf(appName), gone);
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    await rm(gone, { recursive: true, force: true });
  }

  /**
   * Moves a ref to `newId`; done already is done. Deployments of an environment go live one after another, and the ref tells
   * what is live: so it moves even where it has left `oldId`, the place that the pusher knew.
   */
  async moveRef(appName: string, ref: string, newId: string, oldId: string | null): Promise<void> {
    const path = this.pathOf(appName);
    const update = (from: string, message: string) => runGit(['-C', path, 'update-ref', '-m', message, ref, newId, from]);
    try {
      await update(oldId ?? '0'.repeat(newId.length), 'deployed');
    } catch {
      await removeStaleLock(join(path, `${ref}.lock`));
      const present = await this.#readRef(path, ref);
      if (present !== newId) await update(present ?? '0'.repeat(newId.length), 'deployed after another push');
    }
  }

  /** A branch beside which git cannot have `branch`; null where there is none. */
  async branchInTheWay(appName: string, branch: string): Promise<string | null> {
    const ref = `refs/heads/${branch}`;
    const parents = branch.split('/').slice(0, -1).map((_, index, parts) => `refs/heads/${parts.slice(0, index + 1).join('/')}`);
    const output = await runGit(['-C', this.pathOf(appName), 'for-each-ref', '--format=%(refname)', `${ref}/`, ...parents]);
    const other = output.toString().split('\n').find((each) => areInTheWay(each, ref));
    return other?.slice('refs/heads/'.length) ?? null;
  }

  /** Whether a push that overwrote nothing when it was made would overwrite now what came in since. A forced push may. */
  async isOvertaken(appName: string, { ref, oldId, newId }: Pick<RefUpdate, 'ref' | 'oldId' | 'newId'>): Promise<boolean> {
    const path = this.pathOf(appName);
    const present = await this.#readRef(path, ref);
    if (present === null || present === oldId || (await contains(path, newId, present))) return false;
    return isZero(oldId) || (await contains(path, newId, oldId));
  }

  /** Commits of `to` that `from` does not have, newest first, fifty at the most; none where the repository does not know both. */
  async commitsBetween(appName: string, from: string, to: string): Promise<Commit[]> {
    const format = ['%H', '%<(300,trunc)%s', '%<(100,trunc)%an'].join('%x00');
    const output = await runGit(['-C', this.pathOf(appName), 'log', '-z', `--max-count=${mostCommits}`, `--format=${format}`, `${from}..${to}`, '--']).catch(() => Buffer.alloc(0));
    const fields = output.toString().split('\0');
    return Array.from({ length: Math.floor(fields.length / 3) }, (_, index) => {
      const [id = '', subject = '', author = ''] = fields.slice(index * 3);
      return { id, subject: subject.trim(), author: author.trim() };
    });
  }

  /** Another control plane that is about to stop may still be at work on a young one. */
  async #removeIfStale(path: string): Promise<void> {
    const changedAt = await stat(path).then(({ mtimeMs }) => mtimeMs, () => Date.now());
    if (Date.now() - changedAt > staleDraftMs) await rm(path, { recursive: true, force: true });
  }

  async #readRef(path: string, ref: string): Promise<string | null> {
    const line = (await runGit(['-C', path, 'cat-file', '--batch-check=%(objectname)'], `${ref}\n`)).toString().trim();
    return /^[0-9a-f]+$/.test(line) ? line : null;
  }

  /** A clone checks out what HEAD points to: the branch that deploys. */
  async #pointHead(path: string, branch: string): Promise<void> {
    if ((await readFile(join(path, 'HEAD'), 'utf8')) === `ref: refs/heads/${branch}\n`) return;
    await runGit(['-C', path, 'symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
  }
}

/** Whether `older` is `newer` or one of its ancestors. */
async function contains(path: string, newer: string, older: string): Promise<boolean> {
  return (await runGit(['-C', path, 'rev-list', '--max-count=1', older, `^${newer}`])).length === 0;
}

/** A git that was killed leaves its lock; one that works holds it for milliseconds. */
async function removeStaleLock(path: string): Promise<void> {
  try {
    if (Date.now() - (await stat(path)).mtimeMs > staleLockMs) await rm(path, { force: true });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
