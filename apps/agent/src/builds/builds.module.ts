import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import Docker from 'dockerode';
import { CONFIG, type AgentConfig } from '../config.js';
import { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import { Builds } from '../jobs/node-jobs.js';
import { LOG, type Log } from '../logger.js';
import { createBuilder, type Builder, type BuilderOptions } from './create-builder.js';

/** Builds on this node's own engine. */
@Injectable()
export class EngineBuilds extends Builds implements OnApplicationBootstrap {
  private readonly builder: Builder;

  constructor(
    @Inject(CONFIG) private readonly config: AgentConfig,
    @Inject(LOG) private readonly log: Log,
    @Inject(ControlPlaneClient) controlPlane: ControlPlaneClient,
  ) {
    super();
    this.builder = createBuilder(new Docker({ socketPath: config.dockerSocket }), controlPlane, builderOptions(config, log));
  }

  /** The stack is there before the first build asks for it; what builds of an earlier agent left behind is not. */
  async onApplicationBootstrap(): Promise<void> {
    await rm(this.builder.workFolder, { recursive: true, force: true });
    this.builder.stacks
      .ensure(this.config.stack, (line) => this.log.info({ stack: this.config.stack }, line))
      .catch((error: unknown) => this.log.error({ err: error }, 'the stack could not be made'));
  }

  run(buildId: string, signal: AbortSignal): Promise<void> {
    return this.builder.runner.run(buildId, signal);
  }

  cancel(buildId: string): Promise<void> {
    this.builder.runner.cancel(buildId);
    return Promise.resolve();
  }
}

/** What the agent's module takes in so that this node builds. */
export const buildProviders = [EngineBuilds, { provide: Builds, useExisting: EngineBuilds }];

function builderOptions(config: AgentConfig, log: Log): BuilderOptions {
  return {
    cacheFolder: join(config.home, 'agent/cache'),
    nodeSecret: config.nodeToken,
    registryHost: config.registryHost,
    registryInsecure: false,
    registryLogin: { username: 'node', password: config.nodeToken },
    registryCa: fileIfThere(join(config.home, 'ca/ca.crt')),
    stack: config.stack,
    extraCa: config.extraCaFile === undefined ? undefined : fileIfThere(config.extraCaFile),
    npmRegistry: config.npmRegistry,
    proxy: config.proxy,
    debianMirror: config.debianMirror,
    log,
  };
}

function fileIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
