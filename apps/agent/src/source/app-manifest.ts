import { AppError, AppVersion, defaultResources, manifestDefaults, type AppManifest, type HealthCheck, type ManifestFile, type ProcessSpec } from '@molo/contracts';
import { parseMoloYml } from './molo-yml.js';
import { parseProcfile } from './procfile.js';
import type { SourceTree } from './source-tree.js';

/** What the app's own files say, before a language is looked for. */
export interface AppFiles {
  readonly file: ManifestFile;
  /** From the Procfile and `molo.yml`; the latter wins. */
  readonly processes: ReadonlyMap<string, string>;
}

export async function readAppFiles(tree: SourceTree): Promise<AppFiles> {
  const name = tree.hasFile('molo.yml') ? 'molo.yml' : 'molo.yaml';
  const text = await tree.text(name);
  const file = text === undefined ? {} : parseMoloYml(text, name);
  const procfile = await tree.text('Procfile');
  const processes = procfile === undefined ? new Map<string, string>() : parseProcfile(procfile);
  for (const [type, command] of Object.entries(file.processes ?? {})) processes.set(type, command);
  return { file, processes };
}

export interface Detected {
  readonly builder: AppManifest['builder'];
  /** Version in the language's own package file. */
  readonly packageVersion: string | undefined;
  /** Command of `web` where the app's files name no process that keeps running; null is the image's own. */
  readonly defaultWeb: string | null | undefined;
  readonly port: number | undefined;
  readonly imageHasHealthCheck: boolean;
}

/** Fills in defaults: the one form that the rest of Molo knows. */
export function completeManifest({ file, processes }: AppFiles, detected: Detected): AppManifest {
  const port = file.port ?? detected.port ?? manifestDefaults.port;
  const commands = new Map<string, string | null>(processes);
  const keepsRunning = [...processes.keys()].some((type) => type !== 'release');
  if (!keepsRunning && detected.defaultWeb !== undefined) commands.set('web', detected.defaultWeb);
  checkResources(file, commands);
  if (file.build?.fallback !== undefined && detected.builder !== 'static') {
    throw new AppError('manifest_invalid', { detail: 'molo.yml: build.fallback is for static sites. Name the folder of the site as build.static, or leave build.fallback out.' });
  }
  return {
    version: file.version ?? showable(detected.packageVersion),
    builder: detected.builder,
    processes: Object.fromEntries([...commands].map(([type, command]) => [type, processSpec(file, type, command)])),
    port,
    health: {
      check: healthCheck(file, port, commands.has('web'), detected.imageHasHealthCheck),
      intervalSeconds: file.health?.interval ?? manifestDefaults.intervalSeconds,
      timeoutSeconds: file.health?.timeout ?? manifestDefaults.timeoutSeconds,
      startSeconds: file.health?.start ?? manifestDefaults.startSeconds,
    },
    drainSeconds: file.drain ?? manifestDefaults.drainSeconds,
    stopSeconds: file.stop ?? manifestDefaults.stopSeconds,
    settleSeconds: file.settle ?? manifestDefaults.settleSeconds,
    buildSecrets: file.build?.secrets ?? [],
  };
}

/** A package file is another program's: a version in it that cannot be shown is none, and no error. */
function showable(version: string | undefined): string | null {
  return AppVersion.safeParse(version).data ?? null;
}

function processSpec(file: ManifestFile, type: string, command: string | null): ProcessSpec {
  const asked = file.resources?.[type];
  return {
    command,
    resources: {
      memoryBytes: asked?.memory ?? defaultResources.memoryBytes,
      cpus: asked?.cpu ?? defaultResources.cpus,
      pids: asked?.pids ?? defaultResources.pids,
    },
  };
}

function healthCheck(file: ManifestFile, port: number, hasWeb: boolean, imageHasHealthCheck: boolean): HealthCheck {
  const health = file.health;
  if (health?.path !== undefined) return { kind: 'http', path: health.path, port: health.port ?? port };
  if (!hasWeb) return { kind: 'running' };
  if (imageHasHealthCheck && health?.port === undefined) return { kind: 'image' };
  return { kind: 'tcp', port: health?.port ?? port };
}

function checkResources(file: ManifestFile, commands: ReadonlyMap<string, unknown>): void {
  for (const type of Object.keys(file.resources ?? {})) {
    if (commands.has(type)) continue;
    const known = [...commands.keys()].join(', ') || 'none';
    throw new AppError('manifest_invalid', {
      detail: `molo.yml: resources.${type} is for a process type that the app does not have (it has: ${known}). Name one of those, or add ${type} to the Procfile.`,
    });
  }
}
