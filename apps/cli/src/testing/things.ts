import type { App, Deployment, DeploymentEvent, EnvironmentSummary, Release } from '@molo/contracts';

const at = '2026-01-02T03:04:05.000Z';
export const deploymentId = '0198c2a4-8f9e-7cc1-9d6e-0b1f4a5d2c3e';
const actor = { kind: 'user', name: 'Ada' } as const;
const receipt = { requests: 1200, failed: 0, connectionsDropped: 0, slowestMs: 12, durationMs: 850, layersMoved: 1, bytesMoved: 5300 };

export const app: App = {
  id: '0198c2a4-8f9e-7cc1-9d6e-0b1f4a5d2c01',
  name: 'myapp',
  deployBranch: 'main',
  gitHttpUrl: 'http://molo.localhost/git/myapp.git',
  gitSshUrl: 'ssh://git@localhost:2222/myapp.git',
  imageRepository: 'localhost:5443/myapp',
  createdBy: actor,
  createdAt: at,
  environments: [
    {
      name: 'production',
      protected: false,
      awaitingApproval: 0,
      url: 'http://myapp.localhost',
      liveRelease: { number: 3, version: '1.2', since: at, by: actor },
      activeDeployment: null,
      lastDeployment: { id: deploymentId, state: 'live', failure: null, undoes: null },
      instances: { wanted: 2, healthy: 2 },
    },
  ],
};

export const staging: EnvironmentSummary = { name: 'staging', protected: false, awaitingApproval: 0, url: 'http://myapp--staging.localhost', liveRelease: null, activeDeployment: null, lastDeployment: null, instances: { wanted: 0, healthy: 0 } };

export const deployment: Deployment = {
  id: deploymentId,
  app: 'myapp',
  environment: 'production',
  state: 'live',
  reason: 'rollback',
  release: { number: 2, version: '1.1' },
  commit: null,
  build: null,
  actor,
  failure: null,
  undoes: null,
  promotedFrom: null,
  approval: null,
  receipt,
  createdAt: at,
  startedAt: at,
  finishedAt: at,
};

export const release: Release = {
  id: '0198c2a4-8f9e-7cc1-9d6e-0b1f4a5d2c02',
  app: 'myapp',
  environment: 'production',
  number: 3,
  version: '1.2',
  reason: 'push',
  commit: { id: 'a'.repeat(40), subject: 'Say hello', author: 'Ada' },
  image: { id: '0198c2a4-8f9e-7cc1-9d6e-0b1f4a5d2c03', reference: 'localhost:5443/myapp@sha256:0', digest: `sha256:${'0'.repeat(64)}`, bytes: 90_000_000, layers: [] },
  manifest: {
    version: '1.2',
    builder: 'node',
    processes: {},
    port: 8080,
    health: { check: { kind: 'tcp', port: 8080 }, intervalSeconds: 1, timeoutSeconds: 5, startSeconds: 60 },
    drainSeconds: 30,
    stopSeconds: 10,
    settleSeconds: 30,
    buildSecrets: [],
  },
  formation: { web: 2 },
  promotedFrom: null,
  configKeys: ['GREETING'],
  createdBy: actor,
  createdAt: at,
  deployment: { id: deploymentId, state: 'live', receipt },
  live: true,
  imageKept: true,
};

export function log(seq: number, text: string): DeploymentEvent {
  return { kind: 'log', seq, at, source: 'build', text };
}

export function state(seq: number, name: Deployment['state'], failure: Deployment['failure'] = null): DeploymentEvent {
  return { kind: 'state', seq, at, state: name, failure };
}
