import type { AppManifest, LayerKind } from '@molo/contracts';
import type { CacheIds } from './cache-ids.js';
import type { ContextOptions } from './source-tree.js';

/** A programming language's files, kept as a scratch image that a generated Dockerfile copies from. */
export interface Toolchain {
  readonly name: 'node' | 'pnpm' | 'yarn';
  readonly version: string;
}

export function toolchainImage({ name, version }: Toolchain): string {
  return `molo/toolchain:${name}-${version}`;
}

export function stackImage(stack: string): string {
  return `molo/stack:${stack}`;
}

/** What BuildKit is to be asked for. */
export interface ImagePlan {
  /** Path of the Dockerfile in the build context. */
  readonly dockerfile: string;
  readonly context: ContextOptions;
  /** The context without the Dockerfile's `# syntax=` line, where it has one: for a node that cannot fetch what the line names. */
  readonly contextWithoutSyntax: ContextOptions | undefined;
  /** Stacks and toolchains that have to be there before the build. */
  readonly stacks: readonly string[];
  readonly toolchains: readonly Toolchain[];
  /** Images that a Dockerfile of the app's own names; a generated one has none but Molo's. */
  readonly images: readonly string[];
  /** Image below the layers of the app. */
  readonly base: string;
  /** Kinds of the layers that lie on the base image, lowest first. */
  readonly layerKinds: readonly LayerKind[];
  readonly labels: Readonly<Record<string, string>>;
}

/** What an installation of dependencies needs to see of the source tree. */
export interface LibraryFiles {
  /** By path: what is written for it, or changed so that it holds no more than matters to dependencies. */
  readonly written: ReadonlyMap<string, string>;
  /** Paths of files that it sees as they are. */
  readonly copied: readonly string[];
}

export const noLibraryFiles: LibraryFiles = { written: new Map(), copied: [] };

export interface AppPlan {
  readonly manifest: AppManifest;
  /** `Node app detected`: the first heading of the build log. */
  readonly headline: string;
  /** What was found and decided, a line each. */
  readonly notes: readonly string[];
  readonly image: ImagePlan;
}

/** Which versions of languages there are. */
export interface RuntimeVersions {
  /** The newest version of Node in a range; without a range the newest with long-term support. */
  node(range: string | undefined, askedBy: string): Promise<string>;
  packageManager(name: 'pnpm' | 'yarn', range: string, askedBy: string): Promise<string>;
}

export interface PlanSettings {
  /** Stack of apps that name none. */
  readonly stack: string;
  /** Whether builds get the site's CA bundle as the secret `molo-ca`. */
  readonly hasExtraCa: boolean;
  /** Where npm packages come from, when it is not npm's own registry. */
  readonly npmRegistry: string | undefined;
  readonly caches: CacheIds;
  readonly versions: RuntimeVersions;
}
