import { AppError, type DesiredInstance, type Failure } from '@molo/contracts';
import type { Container } from '../engine/engine.js';
import type { Listener } from './listening-ports.js';

/** The sentences that people read when an instance fails. Each says what to do next. */

const signalNames: Readonly<Record<number, string>> = { 6: 'SIGABRT', 9: 'SIGKILL', 11: 'SIGSEGV', 15: 'SIGTERM' };

/** Why a container that ended counts as failed. */
export function endFailure(desired: DesiredInstance | null, container: Container): Failure {
  const name = desired ? `${desired.processType}.${desired.index}` : container.name;
  if (container.outOfMemory && container.exitCode !== 0) {
    return { code: 'instance_out_of_memory', detail: `${name} was killed for using more memory than its limit${limitOf(desired)}. Raise resources.${desired?.processType ?? 'web'}.memory in molo.yml, or make it use less.` };
  }
  if (desired?.runsOnce) {
    const hint = container.exitCode === 127 && setsPath(desired) ? pathHint : 'Its last lines say why; the running release serves on.';
    return { code: 'release_process_failed', detail: `The ${desired.processType} process ended with ${codeOf(container.exitCode)}. ${hint}` };
  }
  return { code: 'instance_exited', detail: `${name} ended with ${codeOf(container.exitCode)}. ${hintOf(container.exitCode, desired)}` };
}

/** The engine's own reason why a container did not start, and what may stand behind it. Any other error is left as it is. */
export function explainStart(error: unknown, desired: DesiredInstance): unknown {
  if (!(error instanceof AppError) || error.code !== 'instance_start_failed') return error;
  return new AppError(error.code, { detail: `${error.detail.replace(/\.$/, '')}. ${startHint(desired)}`, cause: error.cause });
}

function startHint(desired: DesiredInstance): string {
  if (setsPath(desired)) return pathHint;
  if (desired.command !== null) return 'Its command is run by /bin/sh, which the image has to have.';
  return 'It runs what CMD and ENTRYPOINT of its image say.';
}

const pathHint = "The config sets PATH, in place of the image's own, and programs are looked for there alone: add the image's folders to it, or take it away with molo config unset PATH.";

function setsPath(desired: DesiredInstance | null): boolean {
  return desired?.env['PATH'] !== undefined;
}

/** Why a running instance has not become healthy in its time. */
export function startFailure(desired: DesiredInstance, listeners: readonly Listener[] | null, lastAnswer: string | null): Failure {
  const name = `${desired.processType}.${desired.index}`;
  const seconds = desired.health?.startSeconds ?? 0;
  const check = desired.health?.check;
  if (check === undefined || check.kind === 'running' || check.kind === 'image') {
    return { code: 'instance_unhealthy', detail: `${name} did not become healthy within ${seconds} s${lastAnswer ? `: ${lastAnswer}` : ''}.` };
  }
  if (listeners?.length === 0) {
    return { code: 'instance_not_listening', detail: `${name} listens on no port after ${seconds} s. It has to listen on 0.0.0.0 and the port in $PORT, which is ${desired.port}; an app that is slow to start can ask for more time with health.start in molo.yml.` };
  }
  const detail = wrongPort(desired, listeners ?? []);
  if (detail !== null) return { code: 'instance_wrong_port', detail };
  if (check.kind === 'http' && lastAnswer !== null) {
    return { code: 'instance_unhealthy', detail: `${name} did not answer GET ${check.path} on port ${check.port} with 2xx or 3xx within ${seconds} s: ${lastAnswer}. Check health.path in molo.yml and the last lines of its log.` };
  }
  return { code: 'instance_not_listening', detail: `${name} did not take a connection on port ${check.port} within ${seconds} s${lastAnswer ? ` (${lastAnswer})` : ''}.` };
}

/** What is wrong with where a process listens; null where its check can reach it, and while it does not listen at all. */
export function wrongPort(desired: DesiredInstance, listeners: readonly Listener[]): string | null {
  const check = desired.health?.check;
  if (check === undefined || check.kind === 'running' || check.kind === 'image' || listeners.length === 0) return null;
  const name = `${desired.processType}.${desired.index}`;
  const onPort = listeners.filter((listener) => listener.port === check.port);
  if (onPort.some((listener) => !listener.loopback)) return null;
  if (onPort.length > 0) return `${name} listens on port ${check.port} of 127.0.0.1 only, where no request can reach it. Listen on 0.0.0.0.`;
  const reachable = portsOf(listeners.filter((listener) => !listener.loopback));
  const place = reachable.length > 0 ? reachable.join(', ') : `${portsOf(listeners).join(', ')} of 127.0.0.1 only`;
  if (check.port !== desired.port) return `${name} listens on ${place}, but health.port is ${check.port}. Listen there too, or correct health.port in molo.yml.`;
  if (reachable.length === 0) return `${name} listens on ${place}, but $PORT is ${check.port}. Listen on 0.0.0.0 and the port in $PORT.`;
  return `${name} listens on ${place}, but $PORT is ${check.port}. Listen on the port in $PORT, or set port: ${reachable[0]} in molo.yml.`;
}

function portsOf(listeners: readonly Listener[]): number[] {
  return [...new Set(listeners.map((listener) => listener.port))].toSorted((a, b) => a - b);
}

function limitOf(desired: DesiredInstance | null): string {
  return desired ? ` of ${Math.round(desired.resources.memoryBytes / 1024 ** 2)} MB` : '';
}

function codeOf(exitCode: number): string {
  const signal = exitCode > 128 ? signalNames[exitCode - 128] : undefined;
  return signal ? `code ${exitCode} (${signal})` : `code ${exitCode}`;
}

function hintOf(exitCode: number, desired: DesiredInstance | null): string {
  if (exitCode === 127 && setsPath(desired)) return pathHint;
  if (exitCode === 127) return 'Its command was not found in the image. Look at the Procfile or the start script; what only devDependencies bring is not in the image.';
  if (exitCode === 126) return 'Its command is not a program that can be run; look at the Procfile and at the file mode.';
  if (exitCode === 0) return 'A process type has to keep running; it ended by itself.';
  return 'Its last lines say why.';
}
