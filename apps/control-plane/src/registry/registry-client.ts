import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request as startRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AppError } from '@molo/contracts';
import { Config } from '../config.js';
import { RegistryTokens, tokenSeconds } from './registry-tokens.js';

export interface RegistryRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** A path, or the address that the registry itself gave. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
}

const answerWithinMs = 60_000;
/** As many as ask at once where many deployments do: to open a connection takes longer than most requests. */
const mostFreeSockets = 64;
/** A token is used for as long as a transfer that begins with it may take to be let in. */
const renewBeforeSeconds = 120;

/** Requests to the registry, with tokens of our own, over connections that stay open. */
@Injectable()
export class RegistryClient implements OnApplicationShutdown {
  #agent: Agent | null = null;
  readonly #tokens = new Map<string, { token: string; untilMs: number }>();

  constructor(
    private readonly config: Config,
    private readonly tokens: RegistryTokens,
  ) {}

  onApplicationShutdown(): void {
    this.#agent?.destroy();
  }

  /** The answer's body is the caller's to read or to drop; failures to reach the registry are `unavailable`. */
  async send(repository: string, request: RegistryRequest): Promise<IncomingMessage> {
    try {
      return await this.#sendOnce(repository, request);
    } catch (error) {
      // A connection that the registry had closed meanwhile, found out too late: a body that can be sent again is.
      if (!isStale(error) || !isRepeatable(request)) throw unavailable(error);
      return await this.#sendOnce(repository, request).catch((again: unknown) => {
        throw unavailable(again);
      });
    }
  }

  /** A token that is refused was signed by a clock that has been set since: it is not used again. */
  async #sendOnce(repository: string, request: RegistryRequest): Promise<IncomingMessage> {
    const response = await this.#attempt(request, await this.#tokenFor(repository));
    if (response.statusCode !== 401) return response;
    this.#tokens.delete(repository);
    if (!isRepeatable(request)) return response;
    response.resume();
    return this.#attempt(request, await this.#tokenFor(repository));
  }

  /** Whether it answers at all, with whatever status. */
  async answers(): Promise<boolean> {
    return this.send('molo', { method: 'GET', path: '/v2/' }).then(
      (response) => (response.resume(), true),
      () => false,
    );
  }

  /** Reads the rest of an answer and returns what the registry says is wrong. */
  async failure(response: IncomingMessage): Promise<AppError> {
    const said = (await text(response)).slice(0, 2000);
    return unavailable(new Error(`the registry answered ${response.statusCode ?? 0}: ${said}`));
  }

  async #attempt({ method, path, headers, body }: RegistryRequest, token: string): Promise<IncomingMessage> {
    const url = new URL(path, `https://${this.config.registryHost}`);
    const length = body === undefined ? { 'content-length': '0' } : Buffer.isBuffer(body) ? { 'content-length': String(body.length) } : {};
    const sent = startRequest(url, { method, agent: this.#connections(), headers: { authorization: `Bearer ${token}`, ...length, ...headers } });
    sent.setTimeout(answerWithinMs, () => sent.destroy(new Error(`the registry did not answer within ${answerWithinMs} ms`)));
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
    answered.catch(() => undefined);
    // Whatever breaks a stream shows in the answer, or in its absence: the registry may also refuse in the middle.
    if (body === undefined || Buffer.isBuffer(body)) sent.end(body);
    else pipeline(body, sent).catch(() => undefined);
    try {
      const [response] = await answered;
      return response;
    } catch (error) {
      throw Object.assign(error as Error, { reusedSocket: sent.reusedSocket });
    }
  }

  #connections(): Agent {
    this.#agent ??= new Agent({ keepAlive: true, maxFreeSockets: mostFreeSockets, ca: readFileSync(this.config.path('ca', 'ca.crt')) });
    return this.#agent;
  }

  async #tokenFor(repository: string): Promise<string> {
    const known = this.#tokens.get(repository);
    if (known && known.untilMs > performance.now()) return known.token;
    const token = await this.tokens.sign('control-plane', [{ type: 'repository', name: repository, actions: ['pull', 'push', 'delete'] }]);
    if (this.#tokens.size > 10_000) this.#tokens.clear();
    this.#tokens.set(repository, { token, untilMs: performance.now() + (tokenSeconds - renewBeforeSeconds) * 1000 });
    return token;
  }
}

function isRepeatable({ body }: RegistryRequest): boolean {
  return body === undefined || Buffer.isBuffer(body);
}

function isStale(error: unknown): boolean {
  return error instanceof Error && 'reusedSocket' in error && error.reusedSocket === true;
}

function unavailable(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  return new AppError('unavailable', { detail: 'The registry does not take or give this now. Try again in a moment; "molo status" says whether it is up.', cause });
}
