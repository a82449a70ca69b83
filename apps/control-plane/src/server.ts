import { once } from 'node:events';
import { existsSync, mkdirSync, unlinkSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { dirname } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { markAsOwners } from './access/owner-requests.js';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { type Log, nestLog } from './log.js';
import { boundConnections, type ConnectionLimits, connectionLimits } from './rest/connections.js';
import { EndpointCheck } from './rest/endpoint-check.js';
import { bodySetting } from './rest/json-body.js';
import { logRequests } from './rest/request-log.js';

/** How long requests that run may take to end once the platform is told to stop. */
const graceMs = 8000;

export interface ControlPlane {
  readonly app: NestExpressApplication;
  /** Where it listens on loopback. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts all of it: returns once it answers, on loopback and on the owner's socket. */
export async function startControlPlane(config: Config, log: Log): Promise<ControlPlane> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config, log), { ...applicationOptions, logger: nestLog(log) });
  return await serve(app, config, log);
}

/** Bodies are read by the routes that take them: git needs the raw stream. */
export const applicationOptions = { bodyParser: false, abortOnError: false } as const;

export async function serve(app: NestExpressApplication, config: Config, log: Log, limits: ConnectionLimits = connectionLimits): Promise<ControlPlane> {
  try {
    app.set('trust proxy', 'loopback');
    app.disable('x-powered-by');
    app.disable('etag');
    app.set(bodySetting, limits.bodyMs);
    app.use(logRequests(log));
    await app.init();
    app.get(EndpointCheck, { strict: false }).assert();
    boundConnections(app.getHttpServer(), limits);
    await app.listen(config.apiPort, '127.0.0.1');
    const owners = await listenForOwner(config.path('run', 'control.sock'), app.getHttpAdapter().getInstance() as RequestListener);
    return { app, url: await app.getUrl(), stop: () => stop(app, owners) };
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** The socket is made with mode 0600: there is no moment in which others could open it. */
async function listenForOwner(path: string, handle: RequestListener): Promise<Server> {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path)) unlinkSync(path);
  const server = createServer((request, response) => {
    markAsOwners(request);
    handle(request, response);
  });
  const before = process.umask(0o177);
  // The socket is bound within this call.
  server.listen(path);
  process.umask(before);
  await once(server, 'listening');
  return server;
}

async function stop(app: NestExpressApplication, owners: Server): Promise<void> {
  const main = app.getHttpServer();
  const impatience = setTimeout(() => [main, owners].forEach((server) => server.closeAllConnections()), graceMs);
  const ownersClosed = new Promise<void>((resolve) => owners.close(() => resolve()));
  await Promise.all([app.close(), ownersClosed]);
  clearTimeout(impatience);
}
