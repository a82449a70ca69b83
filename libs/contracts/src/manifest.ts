import { z } from 'zod';
import { ConfigKey, ProcessType } from './names.js';

const bytesPerUnit = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const;

/** Docker starts no container with less. */
const leastMemoryBytes = 6 * 1024 ** 2;
const mostMemoryBytes = 16_384 * 1024 ** 3;

const AnyMemorySize = z.union([z.number().int().positive(), z.string()]).transform((value, context) => {
  if (typeof value === 'number') return value;
  const match = /^(\d+(?:\.\d+)?)\s*([KMG])i?B?$/i.exec(value.trim());
  if (!match?.[1] || !match[2]) {
    context.addIssue({ code: 'custom', message: 'must be a size such as 256M or 1G' });
    return z.NEVER;
  }
  return Math.round(Number(match[1]) * bytesPerUnit[match[2].toUpperCase() as keyof typeof bytesPerUnit]);
});

/** Memory in bytes: `256M`, `1G`, `512K`, or a plain number of bytes. */
export const MemorySize = AnyMemorySize.refine((bytes) => bytes >= leastMemoryBytes, 'must be at least 6M').refine((bytes) => bytes <= mostMemoryBytes, 'must be at most 16384G');

const secondsPerUnit = { ms: 0.001, s: 1, m: 60, h: 3600 } as const;

/** Timers end at once when they are set to more than 24 days: no span comes near that. */
const longestSpanSeconds = 24 * 60 * 60;

const AnyDurationSeconds = z.union([z.number().nonnegative(), z.string()]).transform((value, context) => {
  if (typeof value === 'number') return value;
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/.exec(value.trim());
  if (!match?.[1] || !match[2]) {
    context.addIssue({ code: 'custom', message: 'must be a span such as 10s or 2m' });
    return z.NEVER;
  }
  return Number(match[1]) * secondsPerUnit[match[2] as keyof typeof secondsPerUnit];
});

/** A span of time, in seconds: `10s`, `500ms`, `2m`, `1h`, or a plain number of seconds. */
export const DurationSeconds = AnyDurationSeconds.refine((seconds) => seconds <= longestSpanSeconds, 'must be at most 24h');

/** No app answers sooner: a check that may take no time never succeeds, and one without a pause takes a core. */
const CheckSpan = DurationSeconds.refine((seconds) => seconds >= 0.01, 'must be at least 10ms');

const Port = z.number().int().min(1).max(65_535);

/** Sent as it stands in the first line of a request: what has no place there (spaces, line ends, letters beyond ASCII) is percent-encoded. */
const HttpPath = z
  .string()
  .max(2048, 'must have at most 2,048 characters')
  .startsWith('/', 'must start with /')
  .regex(/^[\x21-\x7e]*$/, 'must be visible ASCII characters; percent-encode others, such as %20 for a space');

const HealthFile = z.strictObject({
  path: HttpPath.optional().describe('HTTP path that answers 2xx or 3xx when the app is healthy'),
  port: Port.optional().describe('port to ask, when it is not the port of the app'),
  interval: CheckSpan.optional().describe('time between two checks'),
  timeout: CheckSpan.optional().describe('time that one check may take'),
  start: CheckSpan.optional().describe('time that a new instance has to become healthy'),
});

const ResourcesFile = z.strictObject({
  memory: MemorySize.optional().describe('memory limit, such as 256M'),
  cpu: z.number().min(0.01).max(1024).optional().describe('CPU limit in cores, such as 0.5'),
  pids: z.number().int().min(16).max(65_536).optional().describe('limit on processes and threads'),
});

/** A command of a process or of a build, for a shell. */
export const ShellCommand = z
  .string()
  .min(1, 'must not be empty')
  .max(8192, 'must have at most 8,192 characters')
  .refine((command) => !command.includes('\0'), 'must not hold a NUL character');

/** Shown on one line, set as a variable and as a label. */
export const AppVersion = z
  .string()
  .min(1, 'must not be empty')
  .max(100, 'must have at most 100 characters')
  .regex(/^\P{C}*$/u, 'must not hold line ends or other characters that cannot be seen');

const PackageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'must be the name of a Debian package');

/** Written into the configuration of the program that serves the site. */
const PagePath = z.string().max(200).regex(/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/, 'must be the path of a page in the folder of the site, such as index.html');

/** `molo.yml`, as people write it. Unknown keys are errors. */
export const ManifestFile = z.strictObject({
  version: z.union([z.string(), z.number()]).transform(String).pipe(AppVersion).optional().describe("the app's own version, shown on its releases"),
  stack: z.string().optional().describe('OS Base image to build on, such as debian-12'),
  port: Port.optional().describe('port on which the web process listens; it is told in $PORT'),
  processes: z.record(ProcessType, ShellCommand).optional().describe('process types and their commands; wins over the Procfile'),
  build: z
    .strictObject({
      dockerfile: z.string().optional().describe('path of the Dockerfile'),
      packages: z.array(PackageName).max(200).optional().describe('Debian packages to install (the OS Custom layer)'),
      command: ShellCommand.optional().describe('command run on the source after the dependencies are there, such as npm run build'),
      secrets: z.array(ConfigKey).optional().describe('config keys that the build may read under /run/secrets'),
      static: z.string().optional().describe('folder of a static site'),
      fallback: PagePath.optional().describe('page of a static site that answers for addresses that have no file, such as index.html for a single-page app'),
    })
    .optional(),
  health: HealthFile.optional(),
  resources: z.record(ProcessType, ResourcesFile).optional().describe('limits by process type'),
  drain: DurationSeconds.optional().describe('longest time that old connections have to end by themselves'),
  stop: DurationSeconds.optional().describe('time between SIGTERM and SIGKILL'),
  settle: DurationSeconds.optional().describe('time after the switch in which a release whose instances die is rolled back by itself; 0s: never'),
});
export type ManifestFile = z.infer<typeof ManifestFile>;

/** Limits of one instance, always set. `cpus` in cores, `pids` counts processes and threads. */
export const Resources = z.object({
  memoryBytes: z.number().int().positive(),
  cpus: z.number().positive(),
  pids: z.number().int().positive(),
});
export type Resources = z.infer<typeof Resources>;

export const defaultResources: Resources = { memoryBytes: 512 * 1024 ** 2, cpus: 1, pids: 512 };

export const HealthCheck = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('http'), path: z.string(), port: Port }),
  z.object({ kind: z.literal('tcp'), port: Port }),
  z.object({ kind: z.literal('image') }),
  z.object({ kind: z.literal('running') }),
]);
export type HealthCheck = z.infer<typeof HealthCheck>;

/** How an instance shows that it is healthy, and how long it has for it. */
export const Health = z.object({
  check: HealthCheck,
  intervalSeconds: z.number(),
  timeoutSeconds: z.number(),
  startSeconds: z.number(),
});

/** What a process type is made of once defaults are filled in. */
export const ProcessSpec = z.object({
  /** Shell command; null runs the image's own entry point. */
  command: z.string().nullable(),
  resources: Resources,
});
export type ProcessSpec = z.infer<typeof ProcessSpec>;

/**
 * The app as the builder understood it: `molo.yml`, Procfile, Dockerfile and detection brought to one form.
 * Stored with the image; times in seconds.
 */
export const AppManifest = z.object({
  /** The app's own version, from `molo.yml` or its package file; a git tag on the commit wins over it. */
  version: z.string().nullable(),
  /** What it was built as: `dockerfile`, `node`, `python`, `static`. */
  builder: z.enum(['dockerfile', 'node', 'python', 'static']),
  processes: z.record(z.string(), ProcessSpec),
  port: Port,
  /** Of `web`; other process types have to stay running. */
  health: Health,
  drainSeconds: z.number(),
  stopSeconds: z.number(),
  /** After the switch: a release whose instances die in this time is rolled back by Molo; 0: never. */
  settleSeconds: z.number(),
  buildSecrets: z.array(z.string()),
});
export type AppManifest = z.infer<typeof AppManifest>;

export const manifestDefaults = {
  port: 8080,
  intervalSeconds: 0.1,
  timeoutSeconds: 5,
  startSeconds: 60,
  drainSeconds: 30,
  stopSeconds: 10,
  settleSeconds: 30,
} as const;
