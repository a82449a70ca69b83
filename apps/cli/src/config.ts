import { homedir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@molo/contracts';
import { z } from 'zod';

const text = z.string().optional().transform((value) => (value === '' ? undefined : value));

const Environment = z.object({
  MOLO_URL: text.pipe(z.url({ protocol: /^https?$/, error: 'must be an address such as http://molo.example.com' }).optional()).describe('address of the platform'),
  MOLO_TOKEN: text.describe('API token'),
  MOLO_APP: text.describe('app that commands are about'),
  MOLO_ENVIRONMENT: text.describe('environment that commands are about'),
  MOLO_HOME: text.describe("the platform's folder, on its own machine"),
  MOLO_EXTRA_CA: text.describe('file with CA certificates (PEM) to trust as well'),
  XDG_CONFIG_HOME: text,
  NO_COLOR: text,
  FORCE_COLOR: text,
});

/** Everything that the CLI takes from its environment. */
export interface Settings {
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly app: string | undefined;
  readonly environment: string | undefined;
  /** Whether MOLO_HOME was named, which says that the platform of that folder is meant. */
  readonly homeIsNamed: boolean;
  readonly home: string;
  readonly controlSocket: string;
  readonly credentialsFile: string;
  readonly extraCaFile: string | undefined;
  readonly colour: 'never' | 'always' | 'on a terminal';
}

export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) {
    throw new AppError('invalid_input', {
      detail: 'The environment variables are not valid.',
      errors: parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
    });
  }
  const given = parsed.data;
  const home = given.MOLO_HOME ?? (process.getuid?.() === 0 ? '/var/lib/molo' : join(homedir(), '.molo'));
  return Object.freeze({
    url: given.MOLO_URL?.replace(/\/+$/, ''),
    token: given.MOLO_TOKEN,
    app: given.MOLO_APP,
    environment: given.MOLO_ENVIRONMENT,
    homeIsNamed: given.MOLO_HOME !== undefined,
    home,
    controlSocket: join(home, 'run', 'control.sock'),
    credentialsFile: join(given.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'molo', 'credentials.json'),
    extraCaFile: given.MOLO_EXTRA_CA,
    colour: given.NO_COLOR ? 'never' : given.FORCE_COLOR ? 'always' : 'on a terminal',
  });
}
