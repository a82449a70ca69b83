import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { type ClientOptions, createClient, type Fetch, type MoloClient } from '@molo/client';
import { AppError } from '@molo/contracts';
import type { Settings } from '../config.js';
import { readCredentials } from './credentials.js';
import { httpFetch } from './http-fetch.js';

/** How the platform is reached. */
export interface Route {
  readonly kind: 'address' | 'socket';
  /** The platform's address, or the path of its socket. */
  readonly address: string;
  readonly token: string | undefined;
}

/** The first that is there: MOLO_URL and MOLO_TOKEN; the named platform's socket; `molo login`; this machine's socket. */
export async function findRoute(settings: Settings): Promise<Route> {
  const socket: Route = { kind: 'socket', address: settings.controlSocket, token: undefined };
  if (settings.url === undefined && settings.token === undefined && settings.homeIsNamed) return socket;
  const { login } = await readCredentials(settings.credentialsFile);
  if (settings.url !== undefined) {
    return { kind: 'address', address: settings.url, token: settings.token ?? (login?.url === settings.url ? login.token : undefined) };
  }
  if (settings.token !== undefined) {
    if (!login) throw new AppError('invalid_input', { detail: 'MOLO_TOKEN is set, but not where: set MOLO_URL as well, such as http://molo.example.com.' });
    return { kind: 'address', address: login.url, token: settings.token };
  }
  if (login) return { kind: 'address', address: login.url, token: login.token };
  if (existsSync(settings.controlSocket)) return socket;
  throw new AppError('not_signed_in', {
    detail: `Molo does not know which platform you mean. Sign in with molo login http://molo.example.com, or set MOLO_URL and MOLO_TOKEN. On the platform's own machine its owner needs neither, while it runs (there is no ${settings.controlSocket}).`,
  });
}

/** `retryDelaysMs` are as the client has them. */
export async function openClient(route: Route, settings: Settings, retryDelaysMs?: readonly number[]): Promise<MoloClient> {
  return createClient({ ...(await openConnection(route, settings)), retryDelaysMs });
}

export async function openConnection(route: Route, settings: Settings): Promise<ClientOptions & { readonly fetch: Fetch }> {
  if (route.kind === 'socket') return { baseUrl: 'http://localhost', address: `the socket ${route.address}`, fetch: httpFetch({ socketPath: route.address }) };
  const extraCa = await readExtraCa(settings);
  return {
    baseUrl: route.address,
    fetch: httpFetch({ extraCa }),
    headers: route.token === undefined ? {} : { authorization: `Bearer ${route.token}` },
  };
}

export async function readExtraCa(settings: Settings): Promise<string | undefined> {
  if (settings.extraCaFile === undefined) return undefined;
  return await readFile(settings.extraCaFile, 'utf8').catch((cause: unknown) => {
    throw new AppError('invalid_input', { detail: `MOLO_EXTRA_CA names ${settings.extraCaFile}, which cannot be read.`, cause });
  });
}
