import { Module, type DynamicModule } from '@nestjs/common';
import { Agent } from './agent.js';
import { buildProviders } from './builds/builds.module.js';
import { Collection } from './collection/collection.js';
import { CONFIG, type AgentConfig } from './config.js';
import { ControlPlaneClient } from './control-plane/control-plane-client.js';
import { DockerEngine } from './engine/docker-engine.js';
import { Engine } from './engine/engine.js';
import { EnvironmentNetworks } from './engine/environment-networks.js';
import { FiguresReporter } from './figures/figures-reporter.js';
import { COLLECT, collect, IdleHeap } from './idle-heap.js';
import { IngressModule } from './ingress/ingress.module.js';
import { Images } from './instances/images.js';
import { MemoryStore } from './instances/memory-store.js';
import { NodeJobs } from './jobs/node-jobs.js';
import { LOG, type Log } from './logger.js';
import { DeploymentLines } from './logs/deployment-lines.js';
import { InstanceLogs } from './logs/instance-logs.js';
import { LogReader } from './logs/log-reader.js';
import { LogStore } from './logs/log-store.js';
import { DesiredFollower } from './reconcile/desired-follower.js';
import { DesiredStore } from './reconcile/desired-store.js';
import { ObservedReporter } from './reconcile/observed-reporter.js';
import { Reconciler } from './reconcile/reconciler.js';
import { Standstill } from './reconcile/standstill.js';
import { Traffic } from './reconcile/traffic.js';

const parts = [
  Agent,
  Collection,
  ControlPlaneClient,
  DeploymentLines,
  DesiredFollower,
  DesiredStore,
  EnvironmentNetworks,
  FiguresReporter,
  IdleHeap,
  Images,
  InstanceLogs,
  LogReader,
  LogStore,
  MemoryStore,
  NodeJobs,
  ObservedReporter,
  Reconciler,
  Standstill,
  Traffic,
];

/** All parts of the agent. */
@Module({})
export class AgentModule {
  static forRoot(config: AgentConfig, log: Log): DynamicModule {
    const { home, domain, httpPort, apiPort, dashboardPort, ingressPool: pool, ingressLog: accessLog } = config;
    return {
      module: AgentModule,
      imports: [IngressModule.forRoot({ home, domain, httpPort, apiPort, dashboardPort, pool, accessLog }, log)],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOG, useValue: log },
        { provide: COLLECT, useValue: collect },
        { provide: Engine, useClass: DockerEngine },
        ...buildProviders,
        ...parts,
      ],
    };
  }
}
