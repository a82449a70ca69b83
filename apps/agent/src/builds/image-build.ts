import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import { progressOf } from '../engine/progress.js';
import { openBuildSession, type RegistryLogin } from './buildkit-session.js';
import { TraceDecoder, type TraceEvent } from './buildkit-trace.js';

export interface ImageBuild {
  readonly context: Readable;
  readonly dockerfile: string;
  readonly tag: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly buildArguments: Readonly<Record<string, string>>;
  readonly secrets: ReadonlyMap<string, Buffer>;
  readonly logins: readonly RegistryLogin[];
}

/** Builds with BuildKit through the Docker API; returns the image's id (its config digest). Throws `EngineError` where a step fails. */
export async function buildImage(docker: Docker, build: ImageBuild, onEvent: (event: TraceEvent) => void, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const session = await openBuildSession(docker, build);
  const buildId = randomUUID();
  const connection = new AbortController();
  const end = () => void endBuild(docker, buildId, connection);
  build.context.on('error', (error) => connection.abort(error));
  try {
    signal.throwIfAborted();
    signal.addEventListener('abort', end);
    return await imageIdOf(await startBuild(docker, build, { buildId, session: session.id, abortSignal: connection.signal }), onEvent);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', end);
    connection.abort();
    build.context.destroy();
    session.close();
  }
}

function startBuild(docker: Docker, build: ImageBuild, { buildId, session, abortSignal }: { buildId: string; session: string; abortSignal: AbortSignal }): Promise<Readable> {
  const request = {
    path: '/build?',
    method: 'POST',
    file: build.context,
    isStream: true,
    abortSignal,
    statusCodes: { 200: true, 400: 'bad request', 500: 'server error' },
    options: {
      version: '2',
      session,
      buildid: buildId,
      dockerfile: build.dockerfile,
      t: build.tag,
      labels: JSON.stringify(build.labels),
      buildargs: JSON.stringify(build.buildArguments),
    },
  };
  return dial(docker, request) as Promise<Readable>;
}

const endAttempts = 10;
const endPauseMs = 500;

/**
 * A build goes on in the engine when its client is gone, unless it is told to end; and the engine passes over the word
 * for a build that it has not begun yet. So it is told until the connection of the build ends, and that is cut at last.
 */
async function endBuild(docker: Docker, buildId: string, connection: AbortController): Promise<void> {
  for (let attempt = 0; attempt < endAttempts && !connection.signal.aborted; attempt += 1) {
    const request = { path: '/build/cancel?', method: 'POST', options: { id: buildId }, abortSignal: AbortSignal.timeout(1000), statusCodes: { 200: true, 204: true, 500: 'server error' } };
    await dial(docker, request).catch(() => undefined);
    await pause(endPauseMs);
  }
  connection.abort();
}

function dial(docker: Docker, request: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    docker.modem.dial(request as Parameters<typeof docker.modem.dial>[0], (error, answer) => {
      if (error) reject(error);
      else resolve(answer);
    });
  });
}

async function imageIdOf(answer: Readable, onEvent: (event: TraceEvent) => void): Promise<string> {
  const decoder = new TraceDecoder();
  let imageId: string | undefined;
  for await (const { id, aux } of progressOf(answer)) {
    if (id === 'moby.buildkit.trace') decoder.decode(aux as string).forEach(onEvent);
    else if (id === 'moby.image.id') imageId = (aux as { ID: string }).ID;
  }
  // Neither an image nor an error: the engine itself ended.
  if (imageId === undefined) throw new Error('the engine broke off the build');
  return imageId;
}
