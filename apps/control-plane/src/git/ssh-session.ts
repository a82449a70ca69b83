import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import type { ServerChannel, Session } from 'ssh2';
import type { Caller } from '../access/caller.js';
import { appErrorOf } from '../database/database-failure.js';
import { Log } from '../log.js';
import { GitAccess, type GitService } from './git-access.js';
import { GitProcesses } from './git-processes.js';
import { relay } from './git-relay.js';
import { packet } from './pkt-line.js';
import type { WhoIsIt } from './ssh-sign-in.js';

interface GitCommand {
  readonly service: GitService;
  readonly repository: string;
}

/** What a signed-in client may do: fetch and push, nothing else. */
@Injectable()
export class SshSession {
  constructor(
    private readonly access: GitAccess,
    private readonly processes: GitProcesses,
    private readonly log: Log,
  ) {}

  /** Asked anew for each command: a key that was removed opens nothing more on a connection that is still there. */
  serve(session: Session, who: WhoIsIt): void {
    let protocol: string | undefined;
    session.on('env', (accept, reject, { key, val }) => {
      if (key !== 'GIT_PROTOCOL') {
        reject?.();
        return;
      }
      protocol = val;
      accept?.();
    });
    session.on('pty', (_accept, reject) => reject?.());
    session.on('shell', (accept) => void this.#greet(accept(), who));
    session.on('exec', (accept, _reject, { command }) => {
      const channel = accept();
      const git = parseGitCommand(command);
      if (git) void this.#run(channel, git, who, protocol);
      else finish(channel, 128, 'molo: only git is spoken here: push and fetch. For all else there is the command molo.\n');
    });
  }

  async #greet(channel: ServerChannel, who: WhoIsIt): Promise<void> {
    try {
      greet(channel, await callerOf(who));
    } catch (error) {
      finish(channel, 1, `${appErrorOf(error).detail}\r\n`);
    }
  }

  async #run(channel: ServerChannel, { service, repository }: GitCommand, who: WhoIsIt, protocol: string | undefined): Promise<void> {
    try {
      const caller = await callerOf(who);
      const app = await this.access.open(repository, service, caller);
      const child = this.processes.start({ service, app, caller, who, protocol, flags: [] });
      const { code, complaint, refusal } = await relay(child, service, channel, channel);
      if (code !== 0) this.log.info({ code, complaint }, 'a git program ended with an error');
      finish(channel, code ?? 128, refusal ? `molo: ${refusal.detail}\n` : complaint);
    } catch (error) {
      const known = appErrorOf(error);
      if (known.status >= 500) this.log.error({ err: error, cause: known.cause }, 'a git session failed');
      // Where git expects the list of refs it takes an error line too, and shows it to its user (gitprotocol-pack).
      channel.write(packet(`ERR ${known.detail}`));
      finish(channel, 128, '');
    }
  }
}

/** `git-receive-pack '/myapp.git'`, quoted by git for a shell that is not there. */
export function parseGitCommand(command: string): GitCommand | null {
  const [, service, quoted, plain] = /^git[ -](upload-pack|receive-pack) (?:'([^']*)'|([^\s']+))$/.exec(command.trim()) ?? [];
  const repository = quoted ?? plain;
  if (service === undefined || repository === undefined) return null;
  return { service: service === 'upload-pack' ? 'git-upload-pack' : 'git-receive-pack', repository };
}

async function callerOf(who: WhoIsIt): Promise<Caller> {
  const caller = await who();
  if (caller) return caller;
  throw new AppError('credentials_refused', { detail: 'This SSH key was removed. Add another: molo keys add' });
}

function greet(channel: ServerChannel, caller: Caller): void {
  finish(channel, 0, `Hello ${caller.name}. You are signed in to Molo; it gives no shell here.\r\nPush an app: git push ssh://git@HOST:PORT/myapp.git main\r\n`);
}

function finish(channel: ServerChannel, code: number, words: string): void {
  if (channel.destroyed) return;
  if (words !== '') channel.stderr.write(words);
  channel.exit(code);
  channel.end();
}
