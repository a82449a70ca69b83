import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { AppsModule } from '../apps/apps.module.js';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { EnvironmentsModule } from '../environments/environments.module.js';
import { RegistryStorageModule } from '../registry/registry-storage.module.js';
import { DeployingBranches } from './deploying-branches.js';
import { DiskRoom } from './disk-room.js';
import { GitAccess } from './git-access.js';
import { GitHttpController } from './git-http.controller.js';
import { GitProcesses } from './git-processes.js';
import { HookServer } from './hook-server.js';
import { ProcReceive } from './proc-receive.js';
import { PushDeployment } from './push-deployment.js';
import { Pushes } from './pushes.js';
import { RepositoriesModule } from './repositories.module.js';
import { SourceArchive } from './source-archive.js';
import { SshServer } from './ssh-server.js';
import { SshSession } from './ssh-session.js';
import { SshSignIn } from './ssh-sign-in.js';
import { Upkeep } from './upkeep.js';

/** Git over HTTP and SSH, and what a push sets going. */
@Module({
  imports: [AccessModule, AppsModule, DeploymentsModule, EnvironmentsModule, RegistryStorageModule, RepositoriesModule],
  controllers: [GitHttpController],
  providers: [DeployingBranches, DiskRoom, GitAccess, GitProcesses, HookServer, ProcReceive, PushDeployment, Pushes, SourceArchive, SshServer, SshSession, SshSignIn, Upkeep],
})
export class GitModule {}
