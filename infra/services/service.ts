import type { Settings } from '../setup/settings.ts';

/** A program that the platform keeps running. */
export interface Service {
  readonly name: string;
  /** Runs as the service user where we are root; the others need root there. */
  readonly unprivileged: boolean;
  /** Services that must answer before this one is started; each has a check. */
  readonly needs: readonly string[];
  /** Lines of sh, run before the command. */
  readonly prepare?: readonly string[];
  /** The command, as sh takes it after `exec`. It stays in the foreground. */
  readonly command: string;
  /** What a program that a killed supervisor left behind is asked to end with. */
  readonly endSignal?: 'TERM' | 'INT';
  /** The command takes over from the one left behind, whose process id is in $leftover. */
  readonly takesOver?: boolean;
  /** A command of sh that ends with 0 once the service answers. */
  readonly check: string;
  /** Settings that the program has no need of, so that it does not get them. */
  readonly withheld?: readonly string[];
  /** Files beside the run script, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Whatever else must lead to a restart when it changes. */
  readonly version?: string;
}

/** What the definitions are made from. */
export interface Surroundings {
  readonly settings: Settings;
  readonly home: string;
  readonly checkout: string;
  readonly node: string;
  readonly postgresPrograms: string;
  readonly postgresPassword: string;
  readonly redisPassword: string;
  /** Signs the state of uploads that the registry hands to clients. */
  readonly registrySecret: string;
  /** Changes with the code of the apps. */
  readonly build: string;
  readonly ownEngine: boolean;
}

/** A word of sh that stands for itself. */
export function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
