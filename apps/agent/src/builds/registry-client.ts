import { createHash } from 'node:crypto';
import { AppError } from '@molo/contracts';
import { fetch, type Dispatcher, type Response } from 'undici';
import { z } from 'zod';

const Descriptor = z.object({ mediaType: z.string().optional(), digest: z.string(), size: z.number() });
const Manifest = z.object({ config: Descriptor, layers: z.array(Descriptor) });
const ImageConfig = z.object({
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
  history: z.array(z.object({ created_by: z.string().optional(), empty_layer: z.boolean().optional() })).default([]),
});
export type ImageConfig = z.infer<typeof ImageConfig>;

export interface StoredManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly body: Buffer;
  readonly config: { readonly digest: string; readonly size: number };
  readonly layers: ReadonlyArray<{ readonly digest: string; readonly size: number }>;
}

const Token = z.object({ token: z.string().optional(), access_token: z.string().optional(), expires_in: z.number().default(60) });

export interface RegistrySettings {
  /** `HOST:PORT` */
  readonly host: string;
  readonly insecure: boolean;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  /** Trusts the internal CA and keeps connections. */
  readonly dispatcher: Dispatcher;
}

/** A token is renewed this long before it ends. */
const renewalMs = 15_000;

const manifestTypes = ['application/vnd.docker.distribution.manifest.v2+json', 'application/vnd.oci.image.manifest.v1+json'];

interface Ask {
  readonly repository: string;
  readonly path: string;
  readonly signal: AbortSignal;
  readonly method?: 'GET' | 'PUT';
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
}

/** What a builder asks of the registry beside what the engine does itself. Tokens are kept until shortly before they end. */
export class RegistryClient {
  private readonly tokens = new Map<string, { readonly value: string; readonly until: number }>();

  constructor(private readonly settings: RegistrySettings) {}

  async blob(repository: string, digest: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.ask({ repository, path: `blobs/${digest}`, signal });
    if (!response.body) throw new AppError('unavailable', { detail: `The registry sent no content for ${digest}.` });
    return this.chunks(response.body as AsyncIterable<Uint8Array>, signal);
  }

  async manifest(repository: string, reference: string, signal: AbortSignal): Promise<StoredManifest> {
    const { headers, body } = await this.whole({ repository, path: `manifests/${reference}`, headers: { accept: manifestTypes.join(', ') }, signal });
    if (reference.startsWith('sha256:')) assertDigest('The manifest of the image', body, reference);
    const { config, layers } = Manifest.parse(JSON.parse(body.toString('utf8')));
    return { digest: headers.get('docker-content-digest') ?? reference, mediaType: headers.get('content-type') ?? manifestTypes[0] ?? '', body, config, layers };
  }

  async imageConfig(repository: string, digest: string, signal: AbortSignal): Promise<ImageConfig> {
    const { body } = await this.whole({ repository, path: `blobs/${digest}`, signal });
    assertDigest('The config of the image', body, digest);
    return ImageConfig.parse(JSON.parse(body.toString('utf8')));
  }

  /** Gives a manifest that is there another tag. */
  async tag(repository: string, tag: string, { body, mediaType }: StoredManifest, signal: AbortSignal): Promise<void> {
    await this.whole({ repository, path: `manifests/${tag}`, method: 'PUT', headers: { 'content-type': mediaType }, body, signal });
  }

  private async whole(request: Ask): Promise<{ headers: Response['headers']; body: Buffer }> {
    const response = await this.ask(request);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.chunks((response.body ?? []) as AsyncIterable<Uint8Array>, request.signal)) chunks.push(chunk);
    return { headers: response.headers, body: Buffer.concat(chunks) };
  }

  /** A registry may also die in the middle of what it sends. */
  private async *chunks(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (cause) {
      throw this.away(cause, signal);
    }
  }

  private async ask(request: Ask): Promise<Response> {
    const first = await this.send(request, this.token(request.repository));
    if (first.status !== 401) return this.checked(first, request);
    const challenge = first.headers.get('www-authenticate') ?? '';
    await first.arrayBuffer();
    return this.checked(await this.send(request, await this.newToken(request, challenge)), request);
  }

  private async send({ repository, path, method = 'GET', headers = {}, body, signal }: Ask, token: string | undefined): Promise<Response> {
    const url = `${this.settings.insecure ? 'http' : 'https'}://${this.settings.host}/v2/${repository}/${path}`;
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    try {
      return await fetch(url, { method, headers: { ...headers, ...authorization }, body: body ?? null, signal, dispatcher: this.settings.dispatcher });
    } catch (cause) {
      throw this.away(cause, signal);
    }
  }

  private away(cause: unknown, signal: AbortSignal): AppError {
    signal.throwIfAborted();
    return new AppError('unavailable', { detail: `The registry at ${this.settings.host} does not answer.`, cause });
  }

  private async checked(response: Response, { repository, path }: Ask): Promise<Response> {
    if (response.ok) return response;
    const answer = await response.text().catch(() => '');
    const code = response.status >= 500 || response.status === 429 ? 'unavailable' : 'internal';
    throw new AppError(code, { detail: `The registry answered ${response.status} for ${repository}/${path}.`, cause: new Error(answer.slice(0, 500)) });
  }

  private token(repository: string): string | undefined {
    const known = this.tokens.get(repository);
    return known && known.until > performance.now() ? known.value : undefined;
  }

  private async newToken({ repository, signal }: Ask, challenge: string): Promise<string> {
    const [, realm] = /realm="([^"]+)"/.exec(challenge) ?? [];
    const [, service = ''] = /service="([^"]+)"/.exec(challenge) ?? [];
    const { credentials, dispatcher } = this.settings;
    if (!realm || !credentials) throw new AppError('internal', { detail: 'The registry refuses this node.' });
    const url = new URL(realm);
    url.searchParams.set('service', service);
    url.searchParams.set('scope', `repository:${repository}:pull,push`);
    const basic = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
    let response: Response;
    try {
      response = await fetch(url, { headers: { authorization: `Basic ${basic}` }, signal, dispatcher });
    } catch (cause) {
      signal.throwIfAborted();
      throw new AppError('unavailable', { detail: 'The control plane gives no registry token.', cause });
    }
    if (!response.ok) throw new AppError(response.status >= 500 ? 'unavailable' : 'internal', { detail: `The control plane answered ${response.status} when asked for a registry token.` });
    const answer = Token.parse(await response.json());
    const value = answer.token ?? answer.access_token ?? '';
    this.tokens.set(repository, { value, until: performance.now() + answer.expires_in * 1000 - renewalMs });
    return value;
  }
}

function assertDigest(what: string, body: Buffer, digest: string): void {
  if (`sha256:${createHash('sha256').update(body).digest('hex')}` !== digest) throw damaged(what, digest);
}

export function damaged(what: string, digest: string, cause?: unknown): AppError {
  const detail = `${what} is damaged in the registry: what is stored there as ${digest} is something else, so it was not used. Push a change; a sysadmin finds in docs/architecture.md how to mend it.`;
  return new AppError('blob_damaged', { detail, cause });
}
