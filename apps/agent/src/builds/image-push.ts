import { AppError, type LayerKind } from '@molo/contracts';
import type Docker from 'dockerode';
import { classifyLayers, type Instruction } from '../source/dockerfile-inspection.js';
import type { ImageConfig, StoredManifest } from './registry-client.js';

interface Progress {
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  readonly aux?: { readonly Digest?: string };
}

export interface Pushed {
  readonly digest: string;
  /** The first twelve digits of the diff ids of the layers that were sent. */
  readonly moved: ReadonlySet<string>;
}

/** `docker push` of one tag. */
export async function pushImage(docker: Docker, reference: string, login: { username: string; password: string; serveraddress: string } | undefined, signal: AbortSignal): Promise<Pushed> {
  const colon = reference.lastIndexOf(':');
  const moved = new Set<string>();
  let digest: string | undefined;
  try {
    const stream = await docker.getImage(reference.slice(0, colon)).push({ tag: reference.slice(colon + 1), abortSignal: signal, ...(login ? { authconfig: login } : { authconfig: { username: '', password: '' } as never }) });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(
        stream,
        (error) => (error ? reject(error) : resolve()),
        (event: Progress) => {
          if (event.status === 'Pushed' && event.id) moved.add(event.id);
          digest = event.aux?.Digest ?? digest;
        },
      );
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw new AppError('image_push_failed', { detail: `The image could not be stored in the registry: ${(cause as Error).message}. Try again when the registry answers.`, cause });
  }
  if (digest === undefined) throw new AppError('image_push_failed', { detail: 'The registry did not say under which digest it stored the image. Deploy again.' });
  return { digest, moved };
}

interface LayerFacts {
  readonly manifest: StoredManifest;
  readonly config: ImageConfig;
  readonly moved: ReadonlySet<string>;
  /** How many layers belong to the base image. */
  readonly baseLayers: number;
  /** Kinds of those above, where they are known beforehand. */
  readonly expected: readonly LayerKind[] | undefined;
}

export interface Layer {
  readonly kind: LayerKind;
  readonly diffId: string;
  readonly digest: string;
  readonly bytes: number;
  readonly createdBy: string;
  readonly moved: boolean;
}

/** The layers of a stored image: what each is, where it comes from, what it weighs. */
export function describeLayers({ manifest, config, moved, baseLayers, expected }: LayerFacts): Layer[] {
  const makers = config.history.filter((entry) => !entry.empty_layer).map((entry) => instructionText(entry.created_by ?? ''));
  const diffIds = config.rootfs.diff_ids;
  const above = makers.slice(baseLayers);
  const kinds = expected?.length === diffIds.length - baseLayers ? expected : classifyLayers(above.map(instructionOf));
  return diffIds.map((diffId, index) => {
    const { digest, size } = manifest.layers[index] ?? { digest: diffId, size: 0 };
    const kind = index < baseLayers ? 'os-base' : (kinds[index - baseLayers] ?? 'source');
    return { kind, diffId, digest, bytes: size, createdBy: makers[index] || 'base image', moved: moved.has(diffId.replace('sha256:', '').slice(0, 12)) };
  });
}

function instructionText(createdBy: string): string {
  return createdBy.replace(/ # buildkit$/, '').replace(/^(RUN) \/bin\/sh -c /, '$1 ').replace(/^\/bin\/sh -c #\(nop\)\s+/, '').replace(/^\/bin\/sh -c /, 'RUN ').slice(0, 2000);
}

function instructionOf(text: string): Instruction {
  const [, keyword = 'RUN', rest = ''] = /^([A-Z]+)\s+([\s\S]*)$/.exec(text) ?? [];
  return { keyword, text: rest };
}
