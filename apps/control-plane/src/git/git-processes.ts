import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { Injectable } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import type { Caller } from '../access/caller.js';
import { Revocations } from '../access/revocations.js';
import { mayOnApp } from '../access/rights.js';
import { Config } from '../config.js';
import { DiskRoom } from './disk-room.js';
import type { GitApp, GitService } from './git-access.js';
import { spawnGit } from './git-command.js';
import { Pushes } from './pushes.js';
import { Repositories } from './repositories.js';
import type { WhoIsIt } from './ssh-sign-in.js';
import { Upkeep } from './upkeep.js';

export interface GitRequest {
  readonly service: GitService;
  readonly app: GitApp;
  readonly caller: Caller;
  /** Who it is now. */
  readonly who: WhoIsIt;
  /** The protocol version that the client asks for, as it wrote it (GIT_PROTOCOL). */
  readonly protocol: string | undefined;
  /** `--stateless-rpc` and the like: HTTP has a process for each request. */
  readonly flags: readonly string[];
}

/** All at once: each takes memory, also while its push only waits for its deployment. */
const mostProcesses = 256;

/** Git's own server programs. */
@Injectable()
export class GitProcesses {
  #running = 0;

  constructor(
    private readonly config: Config,
    private readonly repositories: Repositories,
    private readonly pushes: Pushes,
    private readonly upkeep: Upkeep,
    private readonly room: DiskRoom,
    private readonly revocations: Revocations,
  ) {}

  get hookSocket(): string {
    return this.config.path('run', 'git-hook.sock');
  }

  /** Holds the hooks of all repositories. */
  get hooksFolder(): string {
    return this.config.path('run', 'git-hooks');
  }

  /** Throws `unavailable` where too many run, and `storage_full` for a push that the disk has no room for. */
  start(request: GitRequest): ChildProcessWithoutNullStreams {
    if (this.#running >= mostProcesses) throw new AppError('unavailable', { detail: 'Too many pushes and fetches are under way. Try again in a moment.' });
    if (request.service === 'git-receive-pack') this.room.assert();
    const child = request.service === 'git-receive-pack' ? this.#receivePack(request) : this.#uploadPack(request);
    this.#running += 1;
    return whenOver(child, () => (this.#running -= 1));
  }

  #receivePack({ app, caller, who, flags }: GitRequest): ChildProcessWithoutNullStreams {
    const secret = this.pushes.begin({ app, caller, who });
    const args = ['-c', `core.hooksPath=${this.hooksFolder}`, 'receive-pack', ...flags, this.repositories.pathOf(app.name)];
    const child = spawnGit(args, { MOLO_PUSH: secret, MOLO_HOOK_SOCKET: this.hookSocket });
    return whenOver(child, () => {
      this.pushes.end(secret);
      if (!flags.includes('--http-backend-info-refs')) this.upkeep.after(app.name);
    });
  }

  /** Over SSH one process answers as many requests as its client likes, for as long as it likes. */
  #uploadPack({ app, who, protocol, flags }: GitRequest): ChildProcessWithoutNullStreams {
    const version = protocol !== undefined && /^version=[0-2]$/.test(protocol) ? { GIT_PROTOCOL: protocol } : {};
    const child = spawnGit(['upload-pack', '--strict', ...flags, this.repositories.pathOf(app.name)], version);
    return whenOver(child, this.revocations.listen(() => void endUnlessMay(child, who, app)));
  }
}

/** Where nobody can be asked who it is, it goes on: the next change of rights asks again. */
async function endUnlessMay(child: ChildProcessWithoutNullStreams, who: WhoIsIt, app: GitApp): Promise<void> {
  const caller = await who().catch(() => undefined);
  if (caller === undefined || (caller !== null && mayOnApp(caller, 'read', app.name))) return;
  child.kill();
}

/** Once, whether it ended or could not be started. */
function whenOver(child: ChildProcessWithoutNullStreams, act: () => void): ChildProcessWithoutNullStreams {
  let isOver = false;
  const over = () => {
    if (!isOver) act();
    isOver = true;
  };
  return child.once('error', over).once('close', over);
}
