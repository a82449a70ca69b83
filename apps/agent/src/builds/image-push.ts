import { AppError, type LayerKind } from '@molo/contracts';
import type Docker from 'dockerode';
import { progressOf } from '../engine/progress.js';
import { classifyLayers, type Instruction } from '../source/dockerfile-inspection.js';
import { splitReference } from '../stacks/image-import.js';
import type { ImageConfig, StoredManifest } from './registry-client.js';

export interface ImagePush {
  /** `HOST:PORT/app:tag` */
  readonly reference: string;
  readonly login: { readonly username: string; readonly password: string; readonly serveraddress: string } | undefined;
  /** Takes the first twelve digits of the diff id of each layer that is sent; a push that is tried again does not send it again. */
  readonly moved: Set<string>;
}

/** `docker push` of one tag; returns the digest under which it is stored. Throws `image_push_failed`, also where the engine would wait to try again. */
export async function pushImage(docker: Docker, { reference, login, moved }: ImagePush, signal: AbortSignal): Promise<string> {
  const [repository, tag] = splitReference(reference);
  const connection = new AbortController();
  const stop = () => connection.abort();
  signal.addEventListener('abort', stop);
  let digest: string | undefined;
  try {
    signal.throwIfAborted();
    const authconfig = login ?? ({ username: '', password: '' } as never);
    const answer = await docker.getImage(repository).push({ tag, abortSignal: connection.signal, authconfig });
    for await (const { id, status = '', aux } of progressOf(answer)) {
      // An upload that broke off the engine tries again after 5 s, then 10, 15 and 20: whoever calls is back sooner.
      if (status.startsWith('Retrying in')) throw new Error('an upload broke off');
      if (status === 'Pushed' && id) moved.add(id);
      digest = (aux as { Digest?: string } | undefined)?.Digest ?? digest;
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw new AppError('image_push_failed', { detail: `The image could not be stored in the registry: ${(cause as Error).message}. Try again when the registry answers.`, cause });
  } finally {
    signal.removeEventListener('abort', stop);
    connection.abort();
  }
  if (digest === undefined) throw new AppError('image_push_failed', { detail: 'The registry did not say under which digest it stored the image. Deploy again.' });
  return digest;
}

interface LayerFacts {
  readonly manifest: StoredManifest;
  readonly config: ImageConfig;
  /** As `pushImage` notes them. */
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
