import { Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { AppError, AppName } from '@molo/contracts';
import express, { type Request, type Response } from 'express';
import { Authenticator } from '../access/authenticator.js';
import { AppsService } from '../apps/apps.service.js';
import { Log } from '../log.js';
import { NodesService } from '../nodes/nodes.service.js';
import { type RegistryCaller, grant, parseScopes } from './registry-scopes.js';
import { type RegistryAccess, tokenSeconds, registryService, RegistryTokens, callerTokenSeconds } from './registry-tokens.js';

interface Asked {
  readonly username: string;
  readonly password: string;
  readonly service: string;
  readonly scopes: readonly string[];
}

const readForm = express.urlencoded({ extended: false, limit: '64kb' });

/** The token server of the registry: `GET` as Docker's v2 token authentication has it, `POST` as its OAuth2 form. */
@Controller('registry/token')
export class RegistryTokenController {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly nodes: NodesService,
    private readonly apps: AppsService,
    private readonly tokens: RegistryTokens,
    private readonly log: Log,
  ) {}

  @Get()
  async byBasic(@Query() query: Record<string, unknown>, @Req() request: Request, @Res() response: Response): Promise<void> {
    const { username, password } = basicCredentials(request.get('authorization') ?? '');
    await this.#answer(response, async () => {
      const { token, seconds, issuedAt } = await this.#issue({ username, password, service: single(query['service']), scopes: many(query['scope']) }, request.ip ?? null);
      return { token, access_token: token, expires_in: seconds, issued_at: issuedAt };
    });
  }

  @Post()
  async byForm(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.#answer(response, async () => {
      const form = await formOf(request, response);
      // A refresh token is what we gave out as one: the API token itself.
      const password = form['grant_type'] === 'refresh_token' ? single(form['refresh_token']) : single(form['password']);
      const { token, seconds, issuedAt, granted } = await this.#issue({ username: single(form['username']), password, service: single(form['service']), scopes: many(form['scope']) }, request.ip ?? null);
      const scope = granted.map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`).join(' ');
      const refresh = form['access_type'] === 'offline' || form['grant_type'] === 'refresh_token' ? { refresh_token: password } : {};
      return { access_token: token, expires_in: seconds, issued_at: issuedAt, scope, ...refresh };
    });
  }

  async #issue({ username, password, service, scopes }: Asked, ip: string | null): Promise<{ token: string; seconds: number; issuedAt: string; granted: RegistryAccess[] }> {
    const who = await this.#whoIs(username, password, ip);
    if (service !== registryService) throw new AppError('invalid_input', { detail: `Tokens are for the service ${registryService} alone.` });
    const granted = await Promise.all(parseScopes(scopes).map(async (scope) => grant(scope, who, await this.#isApp(scope))));
    const access = granted.filter(({ actions }) => actions.length > 0);
    const subject = who.kind === 'caller' ? who.caller.name : `node:${who.nodeId}`;
    const seconds = who.kind === 'caller' ? callerTokenSeconds : tokenSeconds;
    return { token: await this.tokens.sign(subject, access, seconds), seconds, issuedAt: new Date().toISOString(), granted: access };
  }

  async #whoIs(username: string, password: string, ip: string | null): Promise<RegistryCaller> {
    if (password === '') throw new AppError('not_signed_in', { detail: 'Give an API token as the password: docker login with any user name.' });
    const asNode = /^(?:node|build\.(.+))$/.exec(username);
    const nodeId = asNode && (await this.nodes.byToken(password));
    if (nodeId) return asNode[1] === undefined ? { kind: 'node', nodeId } : { kind: 'build', nodeId, app: asNode[1] };
    const caller = await this.authenticator.byToken(password, ip);
    if (!caller) throw new AppError('credentials_refused', { detail: 'This API token is not known, or has expired. Make one with "molo tokens create".' });
    return { kind: 'caller', caller };
  }

  async #isApp({ type, name }: RegistryAccess): Promise<boolean> {
    if (type !== 'repository' || !AppName.safeParse(name).success) return false;
    return this.apps.findByName(name).then(
      () => true,
      (error: unknown) => {
        if (error instanceof AppError && error.code === 'not_found') return false;
        throw error;
      },
    );
  }

  async #answer(response: Response, act: () => Promise<object>): Promise<void> {
    response.set('cache-control', 'no-store');
    try {
      response.status(200).json(await act());
    } catch (error) {
      const known = error instanceof AppError ? error : new AppError('unavailable', { detail: 'The platform cannot look this up now. Try again in a moment.', cause: error });
      if (known.status >= 500) this.log.error({ err: error }, 'a registry token could not be made');
      if (known.status === 401) response.set('www-authenticate', 'Basic realm="molo", charset="UTF-8"');
      // `details` is what docker shows.
      response.status(known.status).json({ code: known.code, details: known.detail, errors: [{ code: known.status === 401 ? 'UNAUTHORIZED' : 'UNKNOWN', message: known.detail }] });
    }
  }
}

function basicCredentials(header: string): { username: string; password: string } {
  const text = Buffer.from(/^basic\s+(\S+)$/i.exec(header.trim())?.[1] ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? { username: '', password: '' } : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

async function formOf(request: Request, response: Response): Promise<Record<string, unknown>> {
  await new Promise<void>((resolve, reject) => {
    readForm(request, response, (error?: unknown) => (error ? reject(new AppError('malformed_request', { detail: 'Send a form of at most 64 kB.', cause: error })) : resolve()));
  });
  return (request.body as Record<string, unknown> | undefined) ?? {};
}

function single(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function many(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
}
