import type { DesiredInstance } from '@molo/contracts';
import type { ContainerSpec } from '../engine/engine.js';

/** Least pause between two runs of an image's HEALTHCHECK: each starts a program in the container. */
const imageCheckSeconds = 2;

const builtins = new Set(['.', ':', '!', '[', '[[', '{', 'alias', 'bg', 'case', 'cd', 'command', 'declare', 'eval', 'exec', 'exit', 'export', 'for', 'function', 'if', 'local', 'read', 'readonly', 'return', 'select', 'set', 'shift', 'source', 'test', 'time', 'times', 'trap', 'type', 'ulimit', 'umask', 'unset', 'until', 'wait', 'while']);

export function containerName(instance: DesiredInstance): string {
  return `molo-${instance.app}-${instance.environment}-${instance.processType}-${instance.release}-${instance.index}-${instance.id.slice(0, 8)}`;
}

/** `web.1` */
export function instanceName(instance: Pick<DesiredInstance, 'processType' | 'index'>): string {
  return `${instance.processType}.${instance.index}`;
}

export function containerSpec(nodeId: string, instance: DesiredInstance, imageId: string, network: string): ContainerSpec {
  return {
    name: containerName(instance),
    imageId,
    command: instance.command === null ? null : ['/bin/sh', '-c', shellScript(instance.command)],
    env: { ...environmentOf(instance), ...(instance.command !== null && needsShell(instance.command) ? wholeGroup : {}) },
    labels: labelsOf(nodeId, instance),
    network: { name: network, alias: instance.processType },
    memoryBytes: instance.resources.memoryBytes,
    cpus: instance.resources.cpus,
    pids: instance.resources.pids,
    imageCheckSeconds: instance.health?.check.kind === 'image' ? Math.max(imageCheckSeconds, instance.health.intervalSeconds) : null,
  };
}

/**
 * What the shell is given for a command, so that SIGTERM reaches the app. A simple command takes the shell's place;
 * where the shell has to stay, it waits for the app to end instead of ending with it (see `wholeGroup`).
 */
export function shellScript(command: string): string {
  return needsShell(command) ? `trap : TERM; ${command.trim()}` : replacingShell(command);
}

/** Lets a command take the shell's place; one that needs the shell itself is left as it is. */
export function replacingShell(command: string): string {
  return needsShell(command) ? command.trim() : `exec ${command.trim()}`;
}

/** Tells the engine's init to pass signals on to the shell and all that it started, not to the shell alone. */
const wholeGroup = { TINI_KILL_PROCESS_GROUP: '1' };

function needsShell(command: string): boolean {
  const [first = ''] = command.trim().split(/\s/, 1);
  return !/^[\w./@+-]+$/.test(first) || builtins.has(first) || /[;&|`\n]|\$\(/.test(command.trim());
}

function environmentOf(instance: DesiredInstance): Record<string, string> {
  return {
    ...instance.env,
    ...(instance.port === null ? {} : { PORT: String(instance.port) }),
    MOLO_APP: instance.app,
    MOLO_ENVIRONMENT: instance.environment,
    MOLO_RELEASE: String(instance.release),
    MOLO_VERSION: instance.version ?? '',
    MOLO_COMMIT: instance.commit ?? '',
    MOLO_INSTANCE: instanceName(instance),
    MOLO_PROCESS: instance.processType,
  };
}

function labelsOf(nodeId: string, instance: DesiredInstance): Record<string, string> {
  return {
    'molo.managed': 'true',
    'molo.node': nodeId,
    'molo.instance': instance.id,
    'molo.app': instance.app,
    'molo.environment': instance.environment,
    'molo.environment-id': instance.environmentId,
    'molo.release': String(instance.release),
    'molo.process': instance.processType,
    'molo.index': String(instance.index),
    'molo.deployment': instance.deploymentId,
    'molo.stop-seconds': String(instance.stopSeconds),
  };
}
