import { Injectable } from '@nestjs/common';
import { AppError, AppName } from '@molo/contracts';
import type { Caller } from '../access/caller.js';
import { mayOnApp, maySeeApp } from '../access/rights.js';
import { AppsService } from '../apps/apps.service.js';
import { Repositories } from './repositories.js';

export type GitService = 'git-upload-pack' | 'git-receive-pack';

/** What git has to know of an app. */
export interface GitApp {
  readonly id: string;
  readonly name: string;
  readonly deployBranch: string;
}

/** Whether somebody may fetch from or push to a repository, the same over HTTP and SSH. */
@Injectable()
export class GitAccess {
  constructor(
    private readonly apps: AppsService,
    private readonly repositories: Repositories,
  ) {}

  /** @param repository as it stands in the address: `myapp.git`; its repository is there afterwards */
  async open(repository: string, service: GitService, caller: Caller): Promise<GitApp> {
    const name = repository.replace(/^\/+/, '').replace(/\/+$/, '').replace(/\.git$/, '');
    const app = await this.#find(name, caller);
    if (service === 'git-receive-pack' && !mayOnApp(caller, 'deploy', name)) {
      throw new AppError('forbidden', { detail: `You may fetch ${name}, but not push to it: that needs the right to deploy. Ask a sysadmin, or use a token that has it.` });
    }
    if (service === 'git-upload-pack' && !mayOnApp(caller, 'read', name)) {
      throw new AppError('forbidden', { detail: `You may not fetch ${name}: that needs the right to read. Ask a sysadmin, or use a token that has it.` });
    }
    await this.repositories.create(app.name, app.deployBranch);
    return app;
  }

  async #find(name: string, caller: Caller): Promise<GitApp> {
    const valid = AppName.safeParse(name);
    if (!valid.success) throw new AppError('not_found', { detail: `There is no app named "${printable(name)}": a name ${valid.error.issues[0]?.message ?? 'is not like that'}.` });
    const missing = new AppError('not_found', { detail: `There is no app named ${name}. Create it first: molo apps create ${name}` });
    if (!maySeeApp(caller, name)) throw missing;
    try {
      return await this.apps.findByName(name);
    } catch (error) {
      throw error instanceof AppError && error.code === 'not_found' ? missing : error;
    }
  }
}

function printable(name: string): string {
  return name.replace(/[^\x21-\x7e]/g, '?').slice(0, 60);
}
