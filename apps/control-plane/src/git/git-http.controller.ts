import type { Server } from 'node:http';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Controller, Get, type OnApplicationBootstrap, Param, Post, Query, Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AppError } from '@molo/contracts';
import type { Request, Response } from 'express';
import { Authenticator } from '../access/authenticator.js';
import type { Caller } from '../access/caller.js';
import { appErrorOf } from '../database/database-failure.js';
import { Log } from '../log.js';
import { GitAccess, type GitService } from './git-access.js';
import { GitProcesses } from './git-processes.js';
import { relay } from './git-relay.js';
import { flush, packet } from './pkt-line.js';

/** Git's smart HTTP protocol (gitprotocol-http). Errors leave as plain text, which git shows to its user. */
@Controller('git/:repository')
export class GitHttpController implements OnApplicationBootstrap {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly access: GitAccess,
    private readonly processes: GitProcesses,
    private readonly adapter: HttpAdapterHost,
    private readonly log: Log,
  ) {}

  /** Node ends a request that takes more than five minutes to arrive; a large push over a slow line does. */
  onApplicationBootstrap(): void {
    (this.adapter.httpAdapter.getHttpServer() as Server).requestTimeout = 0;
  }

  @Get('info/refs')
  async advertise(@Param('repository') repository: string, @Query('service') asked: unknown, @Req() request: Request, @Res() response: Response): Promise<void> {
    await this.#answer(request, response, async (caller) => {
      const service = serviceNamed(asked);
      const app = await this.access.open(repository, service, caller);
      const protocol = request.get('git-protocol');
      const child = this.processes.start({ service, app, caller, who: () => this.#callerOf(request), protocol, flags: ['--stateless-rpc', '--http-backend-info-refs'] });
      child.stdin.end();
      prepare(response, `application/x-${service}-advertisement`);
      if (service === 'git-receive-pack' || protocol !== 'version=2') response.write(Buffer.concat([packet(`# service=${service}\n`), flush]));
      await this.#finish(response, relay(child, service, request, response));
    });
  }

  @Post('git-upload-pack')
  async uploadPack(@Param('repository') repository: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    await this.#serve('git-upload-pack', repository, request, response);
  }

  @Post('git-receive-pack')
  async receivePack(@Param('repository') repository: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    await this.#serve('git-receive-pack', repository, request, response);
  }

  /** Git LFS asks here before its push, and shows its user the message (Git LFS specification, batch API). */
  @Post('info/lfs/objects/batch')
  refuseLfs(@Res() response: Response): void {
    const message = 'Molo keeps no Git LFS objects. Commit the files themselves (git lfs untrack, git add --renormalize), or push their pointers alone: git push --no-verify';
    response.status(501).set('connection', 'close').type('application/vnd.git-lfs+json').send(JSON.stringify({ message }));
  }

  async #serve(service: GitService, repository: string, request: Request, response: Response): Promise<void> {
    await this.#answer(request, response, async (caller) => {
      if (request.get('content-type') !== `application/x-${service}-request`) {
        throw new AppError('unsupported_media_type', { detail: `This takes application/x-${service}-request, as git sends it.` });
      }
      const app = await this.access.open(repository, service, caller);
      const child = this.processes.start({ service, app, caller, who: () => this.#callerOf(request), protocol: request.get('git-protocol'), flags: ['--stateless-rpc'] });
      prepare(response, `application/x-${service}-result`);
      await this.#finish(response, relay(child, service, bodyOf(request), response));
    });
  }

  async #finish(response: Response, relayed: ReturnType<typeof relay>): Promise<void> {
    const { code, complaint, refusal } = await relayed;
    if (code !== 0) this.log.info({ code, complaint }, 'a git program ended with an error');
    if (refusal) throw refusal;
    if (code !== 0 && !response.headersSent) response.status(422).type('text/plain').send(complaint || 'Git could not read the request.\n');
    else response.end();
  }

  async #answer(request: Request, response: Response, act: (caller: Caller) => Promise<void>): Promise<void> {
    try {
      const caller = await this.#callerOf(request);
      if (!caller) throw new AppError('not_signed_in', { detail: 'Give an API token as the password (any user name); "molo tokens create" makes one.' });
      await act(caller);
    } catch (error) {
      this.#refuse(response, error);
    }
  }

  async #callerOf(request: Request): Promise<Caller | null> {
    return await this.authenticator.byAuthorization(request.get('authorization') ?? '', request.ip ?? null);
  }

  #refuse(response: Response, error: unknown): void {
    const known = appErrorOf(error);
    if (known.status >= 500) this.log.error({ err: error, cause: known.cause }, 'a git request failed');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (known.status === 401) response.set('www-authenticate', 'Basic realm="molo", charset="UTF-8"');
    if (known.code === 'unavailable') response.set('retry-after', '1');
    // What is left of the body is not read: the connection ends with the answer.
    response.status(known.status).set({ 'cache-control': 'no-store', connection: 'close' }).type('text/plain').send(`${known.detail}\n`);
  }
}

function serviceNamed(name: unknown): GitService {
  if (name === 'git-upload-pack' || name === 'git-receive-pack') return name;
  throw new AppError('forbidden', { detail: 'Only the smart HTTP protocol is spoken here: use git 1.6.6 or later.' });
}

function prepare(response: Response, type: string): void {
  response.status(200).set({ 'content-type': type, 'cache-control': 'no-cache, max-age=0, must-revalidate', expires: 'Fri, 01 Jan 1980 00:00:00 GMT', pragma: 'no-cache', 'x-accel-buffering': 'no' });
}

function bodyOf(request: Request): Readable {
  const encoding = request.get('content-encoding') ?? 'identity';
  if (encoding === 'identity') return request;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') throw new AppError('unsupported_media_type', { detail: `The body is encoded as ${encoding}. Send it plain or gzipped.` });
  const unzipped = createGunzip();
  request.once('error', (error) => unzipped.destroy(error)).once('aborted', () => unzipped.destroy());
  return request.pipe(unzipped);
}
