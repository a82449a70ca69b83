import { availableParallelism } from 'node:os';
import type { ContainerCreateOptions, ContainerInspectInfo, ImageInfo } from 'dockerode';
import type { Container, ContainerSpec, EngineImage } from './engine.js';

/**
 * What an ordinary server needs to set itself up and give up root: take over files, change its user, bind a low port.
 * All else (raw sockets, device nodes, chroot, file capabilities, audit) is dropped.
 */
const keptCapabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'NET_BIND_SERVICE', 'SETGID', 'SETUID'];

const nanosecondsPerSecond = 1e9;

/**
 * The engine's own copy of the log is only the way to ours (see logs/engine-log): files that are read as they are, so
 * not compressed. At 20,000 short lines a second they hold what is written in half a minute.
 */
const engineLog = { Type: 'json-file', Config: { 'max-size': '20m', 'max-file': '4', compress: 'false' } };

export function createOptions(spec: ContainerSpec): ContainerCreateOptions {
  return {
    name: spec.name,
    Image: spec.imageId,
    ...(spec.command === null ? {} : { Cmd: [...spec.command] }),
    Env: Object.entries(spec.env).map(([key, value]) => `${key}=${value}`),
    Labels: { ...spec.labels },
    ...(spec.imageCheckSeconds === null ? {} : { Healthcheck: { Interval: spec.imageCheckSeconds * nanosecondsPerSecond } }),
    HostConfig: {
      Memory: spec.memoryBytes,
      MemorySwap: spec.memoryBytes,
      // The engine refuses more than the machine has.
      NanoCpus: Math.round(Math.min(spec.cpus, availableParallelism()) * nanosecondsPerSecond),
      PidsLimit: spec.pids,
      CapDrop: ['ALL'],
      CapAdd: keptCapabilities,
      SecurityOpt: ['no-new-privileges'],
      Init: true,
      LogConfig: engineLog,
      NetworkMode: spec.network.name,
      RestartPolicy: { Name: 'no' },
    },
    NetworkingConfig: { EndpointsConfig: { [spec.network.name]: { Aliases: [spec.network.alias] } } },
  };
}

export function containerOf(info: ContainerInspectInfo): Container {
  const { State: state } = info;
  const status = state.Running ? 'running' : state.Status === 'created' ? 'created' : 'exited';
  const address = Object.values(info.NetworkSettings.Networks ?? {}).find((network) => network.IPAddress)?.IPAddress;
  return {
    id: info.Id,
    name: info.Name.replace(/^\//, ''),
    labels: info.Config.Labels ?? {},
    status,
    pid: state.Pid,
    startedAt: dateOf(state.StartedAt),
    finishedAt: dateOf(state.FinishedAt),
    exitCode: state.ExitCode,
    outOfMemory: state.OOMKilled,
    address: status === 'running' ? (address ?? null) : null,
    imageHealth: imageHealthOf(state.Health?.Status),
    logFile: info.LogPath || null,
  };
}

export function imageOf(info: ImageInfo): EngineImage {
  const references = [...(info.RepoTags ?? []), ...(info.RepoDigests ?? [])].filter((reference) => !reference.includes('<none>'));
  return { id: info.Id, references, labels: info.Labels ?? {} };
}

export function labelFilter(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}

export function statusCodeOf(error: unknown): number {
  const code = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof code === 'number' ? code : 0;
}

function imageHealthOf(status: string | undefined): Container['imageHealth'] {
  return status === 'starting' || status === 'healthy' || status === 'unhealthy' ? status : 'none';
}

/** The engine writes year 1 for "never". */
function dateOf(text: string): Date | null {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) || date.getTime() <= 0 ? null : date;
}
