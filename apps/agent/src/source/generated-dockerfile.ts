import type { LayerKind } from '@molo/contracts';
import { replacingShell } from '../instances/container-spec.js';
import { stackImage, toolchainImage, type Toolchain } from './app-plan.js';
import type { CacheIds } from './cache-ids.js';

/** Unprivileged user of the stack that builds and runs apps. */
export const appUser = 1000;

/** Where a generated build context holds what is not the app's own. */
export const sourceFolder = 'source';
export const libraryFolder = 'library';

/** A language's part of a Dockerfile, beside what all have. */
export interface DockerfileParts {
  readonly stack: string;
  readonly packages: readonly string[];
  readonly hasExtraCa: boolean;
  readonly caches: CacheIds;
  readonly toolchains: readonly Toolchain[];
  /** Debian packages of the Binary layer, where the language comes from Debian. */
  readonly binaryPackages: readonly string[];
  /** Toolchains and Debian packages that making the Library layer or the build needs; they never reach the image. */
  readonly buildToolchains: readonly Toolchain[];
  readonly buildPackages: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Command that fills /app with the dependencies that the running app needs; it sees `library/` of the context at /mnt. */
  readonly library: Step | undefined;
  /** Commands run on the source; what they leave in /app, without `excludes`, becomes the Source layer. */
  readonly build: BuildSteps | undefined;
  readonly port: number;
  readonly command: string | undefined;
  readonly stopSignal?: string;
}

export interface Step {
  readonly command: string;
  readonly mounts: readonly string[];
  /** Ids of secrets to export as variables. */
  readonly secrets: readonly string[];
  /** Variables of this step alone. */
  readonly env: Readonly<Record<string, string>>;
}

export interface BuildSteps {
  /** Fills /app with all dependencies, those for development included. */
  readonly install: Step | undefined;
  readonly steps: readonly Step[];
  /** Folders of /app that the Library layer holds. */
  readonly excludes: readonly string[];
  /** Given where the steps also change what is in those folders: the Library layer is then taken from here, after this. */
  readonly prune: Step | undefined;
}

export interface GeneratedDockerfile {
  readonly text: string;
  readonly layerKinds: readonly LayerKind[];
}

/** A Dockerfile whose image has the five layers in their order, so that each changes only when what it holds does. */
export function generateDockerfile(parts: DockerfileParts): GeneratedDockerfile {
  const base = baseStage(parts);
  const stages = [base.lines, toolsStage(parts), ...(parts.build?.prune ? [buildStage(parts), prunedStage(parts, parts.build, parts.build.prune)] : [libraryStage(parts), buildStage(parts)]), finalStage(parts)];
  const kinds: LayerKind[] = [...base.kinds, 'library', 'source'];
  return { text: `${stages.filter((lines) => lines.length > 0).map((lines) => lines.join('\n')).join('\n\n')}\n`, layerKinds: kinds };
}

function baseStage(parts: DockerfileParts): { lines: string[]; kinds: LayerKind[] } {
  const lines = [`FROM ${stackImage(parts.stack)} AS base`];
  const kinds: LayerKind[] = ['os-custom'];
  lines.push(parts.packages.length > 0 ? installPackages(parts, parts.packages) : emptyLayer('packages'));
  if (parts.binaryPackages.length > 0) {
    lines.push(installPackages(parts, parts.binaryPackages));
    kinds.push('binary');
  }
  lines.push(...parts.toolchains.map(copyToolchain));
  kinds.push(...parts.toolchains.map(() => 'binary' as const));
  lines.push(...envLines(parts.env));
  return { lines, kinds };
}

function toolsStage(parts: DockerfileParts): string[] {
  if (toolsName(parts) === 'base') return [];
  const packages = parts.buildPackages.length > 0 ? [installPackages(parts, parts.buildPackages)] : [];
  return ['FROM base AS tools', ...packages, ...parts.buildToolchains.map(copyToolchain)];
}

function libraryStage(parts: DockerfileParts): string[] {
  if (!parts.library) return [];
  return [`FROM ${toolsName(parts)} AS library`, ...asApp(), runStep(parts, parts.library, [bindLibrary])];
}

/** BuildKit compares what is copied from here by its content: while that is the same the Library layer stays, whatever ran. */
function prunedStage(parts: DockerfileParts, build: BuildSteps, prune: Step): string[] {
  const folders = build.excludes.map((folder) => shellQuoted(`./${folder}`)).join(' ');
  const collect = `mkdir -p /tmp/library/app && cd /app && for folder in ${folders}; do if [ -e "$folder" ]; then tar -cf - "$folder" | tar -C /tmp/library/app -xf -; fi; done`;
  return ['FROM build AS library', runStep(parts, prune, []), `RUN ${collect}`];
}

function buildStage(parts: DockerfileParts): string[] {
  if (!parts.build) return [];
  const lines = [`FROM ${toolsName(parts)} AS build`, ...asApp()];
  if (parts.build.install) lines.push(runStep(parts, parts.build.install, [bindLibrary]));
  lines.push(copySource, ...parts.build.steps.map((step) => runStep(parts, step, [])));
  return lines;
}

function finalStage(parts: DockerfileParts): string[] {
  const lines = ['FROM base'];
  lines.push(parts.library ? `COPY --from=library --chown=${appUser}:${appUser} ${parts.build?.prune ? '/tmp/library' : ''}/app/ /app/` : emptyLayer('dependencies'));
  lines.push(`USER ${appUser}:${appUser}`);
  lines.push(parts.build ? takeBuildResult(parts.build.excludes) : copySource);
  lines.push(...envLines({ PORT: String(parts.port) }), `EXPOSE ${parts.port}`);
  if (parts.stopSignal) lines.push(`STOPSIGNAL ${parts.stopSignal}`);
  if (parts.command !== undefined) lines.push(`CMD ${JSON.stringify(['/bin/sh', '-c', replacingShell(parts.command)])}`);
  return lines;
}

/**
 * A layer that has its place and nothing in it but an empty list: every image has all five, and what comes in later
 * comes in where it belongs. Its times are fixed, so it is the same bytes in every image.
 */
function emptyLayer(list: string): string {
  return `RUN mkdir -p /etc/molo && : > /etc/molo/${list} && touch -d @0 /etc/molo/${list} /etc/molo /etc`;
}

const copySource = `COPY --chown=${appUser}:${appUser} ${sourceFolder}/ /app/`;
const bindLibrary = `type=bind,source=${libraryFolder},target=/mnt`;

function takeBuildResult(excludes: readonly string[]): string {
  const excluded = excludes.map((folder) => shellQuoted(`--exclude=./${folder}`)).join(' ');
  return `RUN --mount=type=bind,from=build,source=/app,target=/mnt tar -C /mnt ${excluded} -cf - . | tar -C /app --no-overwrite-dir -xf -`;
}

function toolsName(parts: DockerfileParts): string {
  return parts.buildPackages.length + parts.buildToolchains.length > 0 ? 'tools' : 'base';
}

function copyToolchain(toolchain: Toolchain): string {
  return `COPY --from=${toolchainImage(toolchain)} / /`;
}

function asApp(): string[] {
  return [`USER ${appUser}:${appUser}`];
}

function runStep(parts: DockerfileParts, step: Step, moreMounts: readonly string[]): string {
  const secretMounts = step.secrets.map((id) => `type=secret,id=${id},uid=${appUser},mode=0400`);
  const mounts = [...step.mounts, ...moreMounts, ...secretMounts, ...caMount(parts)];
  const exports = step.secrets.map((id) => `export ${id}="$(cat /run/secrets/${id})" && `).join('');
  const env = Object.entries({ ...step.env, ...(parts.hasExtraCa ? caEnv : {}) });
  const setEnv = env.length > 0 ? `export ${env.map(([key, value]) => `${key}=${shellQuoted(value)}`).join(' ')} && ` : '';
  return `RUN ${mounts.map((mount) => `--mount=${mount} `).join('')}${inOneLine(`cd /app && ${setEnv}${exports}`, step.command)}`;
}

/** A line end would end the instruction, and the backslash before one would take the next instruction in. Of several lines the first that fails is the last that runs. */
function inOneLine(before: string, command: string): string {
  const text = command.trim();
  return /[\r\n]|\\$/.test(text) ? JSON.stringify(['/bin/sh', '-c', `${before}set -e\n${text}`]) : before + text;
}

const caPath = '/run/secrets/molo-ca';
/** Node, npm and pip look for the site's CA bundle where these say. */
const caEnv = { NODE_EXTRA_CA_CERTS: caPath, PIP_CERT: caPath, SSL_CERT_FILE: caPath, REQUESTS_CA_BUNDLE: caPath };

function caMount({ hasExtraCa }: DockerfileParts): string[] {
  return hasExtraCa ? ['type=secret,id=molo-ca,mode=0444'] : [];
}

function installPackages(parts: DockerfileParts, packages: readonly string[]): string {
  const caches = ['/var/cache/apt', '/var/lib/apt/lists'].map((path) => `type=cache,id=molo-${parts.stack}${path.replaceAll('/', '-')}-${parts.caches.ofNode},target=${path},sharing=locked`);
  const mounts = [...caches, ...caMount(parts)].map((mount) => `--mount=${mount}`).join(' ');
  const ca = parts.hasExtraCa ? ` -o Acquire::https::CAInfo=${caPath}` : '';
  const apt = `DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get${ca} -o Acquire::Retries=3`;
  const names = [...new Set(packages)].toSorted().join(' ');
  return `RUN ${mounts} ${apt} -qq update && ${apt} -qq -y --no-install-recommends install ${names} > /dev/null && rm -rf /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/cache/ldconfig/aux-cache`;
}

function envLines(env: Readonly<Record<string, string>>): string[] {
  const entries = Object.entries(env);
  return entries.length === 0 ? [] : [`ENV ${entries.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(' ')}`];
}

/** As one word of a shell's command. */
export function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
