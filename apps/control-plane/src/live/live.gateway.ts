import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AppError } from '@molo/contracts';
import { Server } from 'socket.io';
import { isSameOrigin, RequestAuthentication } from '../access/request-authentication.js';
import { Decision, requireOnApp } from '../access/decision.js';
import { Revocations } from '../access/revocations.js';
import { mayAnywhere } from '../access/rights.js';
import type { Caller } from '../access/caller.js';
import { AppsService } from '../apps/apps.service.js';
import { Notifications } from '../database/notifications.js';
import { DeploymentStream } from '../deployments/deployment-stream.js';
import { DeploymentsService } from '../deployments/deployments.service.js';
import { Log } from '../log.js';
import { type Answer, beginFollowing, endAll, endFollowing, type LiveServer, type LiveSocket, parseTopic, sendEvents } from './live-socket.js';
import { Change, keyOf, type Topic } from './topic.js';

/** A session that runs out, or is ended by another control plane, is noticed at the latest after this time. */
const recheckMs = 60_000;

/** A WebSocket is open before anybody signs in on it: who has not by then is let go. Dashboards do so with their first message. */
const signInWithinMs = 10_000;

/** Tells dashboards what happens as it happens, over socket.io at `/socket.io`. */
@Injectable()
export class LiveGateway implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private server: LiveServer | null = null;
  private recheck: NodeJS.Timeout | null = null;

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly authentication: RequestAuthentication,
    private readonly decision: Decision,
    private readonly apps: AppsService,
    private readonly deployments: DeploymentsService,
    private readonly stream: DeploymentStream,
    private readonly notifications: Notifications,
    private readonly revocations: Revocations,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    const server: LiveServer = new Server(this.host.httpAdapter.getHttpServer() as HttpServer, {
      path: '/socket.io',
      serveClient: false,
      maxHttpBufferSize: 65_536,
      connectTimeout: signInWithinMs,
      allowRequest: (request, decide) => decide(null, isFromOwnPage(request)),
    });
    server.use((socket, next) => void this.admit(socket, next));
    server.on('connection', (socket) => this.serve(socket));
    this.server = server;
    this.notifications.listen('changed', (payload) => this.tell(server, payload));
    this.revocations.listen(() => void this.disconnectRevoked(server));
    this.recheck = setInterval(() => void this.disconnectRevoked(server), recheckMs);
  }

  beforeApplicationShutdown(): void {
    if (this.recheck) clearInterval(this.recheck);
    this.server?.disconnectSockets(true);
    this.server?.engine.close();
  }

  private async admit(socket: LiveSocket, next: (error?: Error) => void): Promise<void> {
    try {
      const caller = await this.callerOf(socket);
      if (!caller || !mayAnywhere(caller, 'read')) throw new AppError('not_signed_in', { detail: 'Sign in, or send an API token in the handshake.' });
      socket.data = { caller, following: new Map() };
    } catch (error) {
      next(refusal(error));
      return;
    }
    next();
  }

  private async callerOf(socket: LiveSocket): Promise<Caller | null> {
    const { token } = socket.handshake.auth as { token?: unknown };
    return await this.authentication.callerOfUpgrade(socket.request, socket.handshake.address, typeof token === 'string' ? token : null);
  }

  private serve(socket: LiveSocket): void {
    socket.on('subscribe', (asked, answer) => void this.answering(answer, () => this.subscribe(socket, parseTopic(asked))));
    socket.on('unsubscribe', (asked, answer) => void this.answering(answer, () => this.unsubscribe(socket, parseTopic(asked))));
    socket.on('disconnect', () => endAll(socket.data));
    // What they may do may have changed between the look at who they are and now, when changes are heard.
    void this.disconnectUnlessMay(socket);
  }

  private async subscribe(socket: LiveSocket, topic: Topic): Promise<void> {
    const { caller } = socket.data;
    await this.requireRight(topic, caller);
    if (topic.topic === 'app') await this.apps.findByName(topic.app);
    if (topic.topic === 'deployment') await this.deployments.view(topic.deploymentId);
    // What they may do has changed meanwhile.
    if (socket.data.caller !== caller) return await this.subscribe(socket, topic);
    // Gone while the topic was looked up: what it followed has ended already, and nothing would end this.
    if (!socket.connected) return;
    const signal = beginFollowing(socket, topic);
    if (topic.topic !== 'deployment') {
      await socket.join(keyOf(topic));
      return;
    }
    const events = this.stream.follow(topic.deploymentId, topic.after, signal);
    // The stream goes on after the subscription has been answered.
    void sendEvents(socket, topic.deploymentId, events, signal).catch((error: unknown) => {
      this.log.error({ err: error, deploymentId: topic.deploymentId }, 'a live stream broke');
      // The page connects again and asks from the last event seen.
      socket.disconnect(true);
    });
  }

  private async requireRight(topic: Topic, caller: Caller): Promise<void> {
    if (topic.topic === 'app') requireOnApp(topic.app, 'read', caller);
    if (topic.topic === 'deployment') await this.decision.requireOnDeployment(topic.deploymentId, 'read', caller);
  }

  private async unsubscribe(socket: LiveSocket, topic: Topic): Promise<void> {
    endFollowing(socket.data, topic);
    await socket.leave(keyOf(topic));
  }

  private async answering(answer: unknown, work: () => Promise<void>): Promise<void> {
    const reply = typeof answer === 'function' ? (answer as (answer: Answer) => void) : () => undefined;
    try {
      await work();
      reply({ ok: true });
    } catch (error) {
      if (!(error instanceof AppError)) this.log.error({ err: error }, 'a live request failed');
      reply({ ok: false, problem: problemOf(error) });
    }
  }

  /** @param payload null where notifications were lost, so that anything may have changed */
  private tell(server: LiveServer, payload: string | null): void {
    if (server.sockets.sockets.size === 0) return;
    if (payload !== null) {
      const change = Change.parse(JSON.parse(payload));
      server.to(keyOf(change)).emit('changed', change);
      return;
    }
    for (const socket of server.sockets.sockets.values()) {
      for (const { topic } of socket.data.following.values()) {
        if (topic.topic !== 'deployment') socket.emit('changed', topic);
      }
    }
  }

  private async disconnectRevoked(server: LiveServer): Promise<void> {
    for (const socket of server.sockets.sockets.values()) await this.disconnectUnlessMay(socket);
  }

  private async disconnectUnlessMay(socket: LiveSocket): Promise<void> {
    const may = await this.mayStill(socket).catch((error: unknown) => {
      this.log.warn({ err: error }, 'a live connection could not be checked');
      return true;
    });
    if (!may) socket.disconnect(true);
  }

  /** A page that follows what it may not any more is cut off whole: it connects again, and is told which topics it may have. */
  private async mayStill(socket: LiveSocket): Promise<boolean> {
    const caller = await this.callerOf(socket);
    if (!caller || !mayAnywhere(caller, 'read')) return false;
    socket.data.caller = caller;
    try {
      for (const { topic } of socket.data.following.values()) await this.requireRight(topic, caller);
      return true;
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
  }
}

/** Programs send no origin; a browser does, and may only connect from a page of our own. */
function isFromOwnPage(request: IncomingMessage): boolean {
  const { origin, host, 'x-forwarded-host': forwardedHost } = request.headers;
  const ownHost = typeof forwardedHost === 'string' ? forwardedHost : (host ?? '');
  return origin === undefined || isSameOrigin(origin, ownHost);
}

function problemOf(error: unknown) {
  return (error instanceof AppError ? error : new AppError('internal', { detail: 'Something broke inside Molo. Try again.', cause: error })).toProblem();
}

/** socket.io hands the `data` of the error to the client. */
function refusal(error: unknown): Error {
  const problem = problemOf(error);
  return Object.assign(new Error(problem.detail), { data: problem });
}
