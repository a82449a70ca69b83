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
  nodes: () => 'molo nodes',
} as const;
