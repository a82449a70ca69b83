import type { MoloClient } from '@molo/client';
import { AppError, AppName, defaultEnvironment, EnvironmentName } from '@molo/contracts';
import type { Settings } from './config.js';
import { findRoute, openClient, type Route } from './connection/connect.js';
import { Terminal } from './terminal/terminal.js';

export interface CommonOptions {
  readonly app?: string;
  readonly env?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly detach?: boolean;
}

/** What a command has at hand: the terminal, the platform, and the app and environment that it is about. */
export class Cli {
  private opened: Promise<MoloClient> | undefined;

  constructor(
    readonly settings: Settings,
    readonly terminal: Terminal,
    private readonly options: CommonOptions,
    /** As the client has them; its own where none are given. */
    private readonly retryDelaysMs?: readonly number[],
  ) {}

  get isJson(): boolean {
    return this.options.json === true;
  }

  route(): Promise<Route> {
    return findRoute(this.settings);
  }

  client(): Promise<MoloClient> {
    this.opened ??= this.route().then((route) => openClient(route, this.settings, this.retryDelaysMs));
    return this.opened;
  }

  /** The app named by `--app`, by MOLO_APP, or by the git remote of the current directory. */
  async app(): Promise<string> {
    const named = this.options.app ?? this.settings.app;
    if (named !== undefined) return checkName(AppName, named, 'app');
    const { appOfCheckout } = await import('./git/checkout.js');
    const app = await appOfCheckout();
    if (app !== undefined) return app;
    throw new AppError('invalid_input', { detail: 'Which app? Name it with --app, set MOLO_APP, or run this in a git checkout with a remote named molo. molo apps lists them.' });
  }

  get environment(): string {
    return checkName(EnvironmentName, this.options.env ?? this.settings.environment ?? defaultEnvironment, 'environment');
  }

  async target(): Promise<{ app: string; environment: string }> {
    return { environment: this.environment, app: await this.app() };
  }
}

/** A name that cannot exist is told at once, and can never reach an address. */
export function checkName(schema: typeof AppName, name: string, what: string): string {
  const parsed = schema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new AppError('invalid_input', { detail: `${JSON.stringify(name)} is not the name of an ${what}: it ${parsed.error.issues[0]?.message ?? 'is not valid'}.` });
}

export function openTerminal(settings: Pick<Settings, 'colour'>): Terminal {
  return new Terminal(process.stdout, process.stderr, process.stdin, settings.colour);
}
