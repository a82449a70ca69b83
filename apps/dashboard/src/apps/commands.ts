import type { Place } from '../releases/release-queries';

/** The commands that do what the dashboard does, as the `molo` program takes them. */

function at({ app, environment }: Place): string {
  return environment === 'production' ? `--app ${app}` : `--app ${app} --env ${environment}`;
}

export const commands = {
  apps: () => 'molo apps',
  deleteApp: (name: string) => `molo apps delete ${name}`,
  createApp: (name: string) => `molo apps create ${/^[\w-]+$/.test(name) ? name : 'NAME'}`,
  releases: (place: Place) => `molo releases ${at(place)}`,
  rollBack: (place: Place, release: number) => `molo rollback v${release} ${at(place)}`,
  redeploy: (place: Place) => `molo redeploy ${at(place)}`,
  deployments: (place: Place) => `molo deployments ${at(place)}`,
  follow: (deploymentId: string) => `molo logs --deployment ${deploymentId}`,
  cancel: (deploymentId: string) => `molo cancel ${deploymentId}`,
  instances: (place: Place) => `molo ps ${at(place)}`,
  scale: (place: Place, formation: string) => `molo scale ${formation} ${at(place)}`,
  logs: (place: Place) => `molo logs -f ${at(place)}`,
  config: (place: Place) => `molo config ${at(place)}`,
  setConfig: (place: Place) => `molo config set KEY=value ${at(place)}`,
  unsetConfig: (place: Place, key: string) => `molo config unset ${key} ${at(place)}`,
  domains: (place: Place) => `molo domains add shop.example.com ${at(place)}`,
  environments: (app: string) => `molo environments --app ${app}`,
  createEnvironment: (app: string, name: string) => `molo environments create ${/^[\w-]+$/.test(name) ? name : 'NAME'} --app ${app}`,
  removeEnvironment: (app: string, name: string) => `molo environments remove ${name} --app ${app}`,
  protect: (app: string, name: string, isProtected: boolean) => `molo environments ${isProtected ? 'protect' : 'unprotect'} ${name} --app ${app}`,
  promote: (app: string, from: string, to: string) => `molo promote --app ${app} --from ${from} --to ${to}`,
  approvals: () => 'molo approvals',
  changes: (deploymentId: string) => `molo changes ${deploymentId}`,
  approve: (deploymentId: string) => `molo approve ${deploymentId}`,
  decline: (deploymentId: string) => `molo decline ${deploymentId}`,
  nodes: () => 'molo nodes',
} as const;
