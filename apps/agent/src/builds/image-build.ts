import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import type Docker from 'dockerode';
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

/** The engine's own word on why a build ended, beside what the trace said of the step. */
export class BuildFailed extends Error {
  override readonly name = 'BuildFailed';
}

/** Builds with BuildKit through the Docker API; returns the image's id (its config digest). */
export async function buildImage(docker: Docker, build: ImageBuild, onEvent: (event: TraceEvent) => void, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const session = await openBuildSession(docker, build);
  const buildId = randomUUID();
  // A build goes on in the engine when its client is gone, unless it is told to end.
  const cancel = () => void cancelBuild(docker, buildId).catch(() => undefined);
  signal.addEventListener('abort', cancel);
  try {
    return await imageIdOf(await startBuild(docker, build, { buildId, session: session.id }), onEvent);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
    build.context.destroy();
    session.close();
  }
}

function startBuild(docker: Docker, build: ImageBuild, ids: { buildId: string; session: string }): Promise<Readable> {
  const request = {
    path: '/build?',
    method: 'POST',
    file: build.context,
    isStream: true,
    statusCodes: { 200: true, 400: 'bad request', 500: 'server error' },
    options: {
      version: '2',
      session: ids.session,
      buildid: ids.buildId,
      dockerfile: build.dockerfile,
      t: build.tag,
      labels: JSON.stringify(build.labels),
      buildargs: JSON.stringify(build.buildArguments),
    },
  };
  return dial(docker, request);
}

function cancelBuild(docker: Docker, buildId: string): Promise<Readable> {
  return dial(docker, { path: '/build/cancel?', method: 'POST', isStream: true, options: { id: buildId }, statusCodes: { 200: true, 204: true, 500: 'server error' } });
}

function dial(docker: Docker, request: object): Promise<Readable> {
  return new Promise((resolve, reject) => {
    docker.modem.dial(request as Parameters<typeof docker.modem.dial>[0], (error, answer) => {
      if (error) reject(error);
      else resolve(answer as Readable);
    });
  });
}

interface Message {
  readonly id?: string;
  readonly aux?: unknown;
  readonly error?: string;
}

async function imageIdOf(answer: Readable, onEvent: (event: TraceEvent) => void): Promise<string> {
  const decoder = new TraceDecoder();
  let imageId: string | undefined;
  let failure: string | undefined;
  for await (const line of createInterface({ input: answer, crlfDelay: Infinity })) {
    if (line.trim() === '') continue;
    const message = JSON.parse(line) as Message;
    if (message.id === 'moby.buildkit.trace') decoder.decode(message.aux as string).forEach(onEvent);
    else if (message.id === 'moby.image.id') imageId = (message.aux as { ID: string }).ID;
    else if (message.error !== undefined) failure = message.error;
  }
  if (failure !== undefined) throw new BuildFailed(failure);
  // Neither an image nor an error: the engine itself ended.
  if (imageId === undefined) throw new Error('the engine broke off the build');
  return imageId;
}
