import { stripVTControlCharacters } from 'node:util';
import type { LogChunk } from '@molo/contracts';

const flushMs = 20;
const longestLine = 8 * 1024;
// oxlint-disable-next-line no-control-regex -- they are what is looked for; the tab is kept
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f]/g;
const maxBytes = 10 * 1024 ** 2;

export interface BuildLogSettings {
  readonly buildId: string;
  readonly deploymentId: string;
  /** Tells one run of a build from another. */
  readonly attempt: string;
  readonly send: (chunks: LogChunk[]) => Promise<void>;
  /** Values that must never be seen. */
  readonly secrets: readonly string[];
}

/** The log of a build, as people read it: headings with an arrow, details indented below them. Sent in batches, in order. */
export class BuildLog {
  private readonly secrets: readonly string[];
  private pending: string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> = Promise.resolve();
  private count = 0;
  private bytes = 0;

  constructor(private readonly settings: BuildLogSettings) {
    // Longer ones first: one secret may hold another.
    this.secrets = settings.secrets.flatMap((secret) => secret.split('\n')).filter((line) => line.trim().length >= 4).toSorted((a, b) => b.length - a.length);
  }

  heading(text: string): void {
    this.write(`-----> ${text}`);
  }

  detail(text: string): void {
    this.write(`       ${text}`);
  }

  /** A line that a program wrote; returns it as it may be shown. */
  output(text: string): string {
    const line = this.clean(text);
    this.detail(line);
    return line;
  }

  /** Sends what is left; resolves when all of it has arrived. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    this.flush();
    await this.sending;
  }

  private write(text: string): void {
    if (this.bytes >= maxBytes) return;
    const line = this.clean(text);
    this.bytes += Buffer.byteLength(line) + 1;
    this.pending.push(this.bytes < maxBytes ? line : ' !     The log is longer than 10 MB; the rest is left out.');
    this.timer ??= setTimeout(() => this.flush(), flushMs);
  }

  private flush(): void {
    this.timer = undefined;
    if (this.pending.length === 0) return;
    const { buildId, deploymentId, attempt, send } = this.settings;
    const chunk = { deploymentId, source: 'build', key: `${buildId}:${attempt}:${(this.count += 1)}`, text: this.pending.join('\n') };
    this.pending = [];
    // A log that cannot be delivered must not end a build.
    this.sending = this.sending.then(() => send([chunk])).catch(() => undefined);
  }

  private clean(text: string): string {
    const shown = text.replace(/\r+$/, '').split('\r').at(-1) ?? '';
    const plain = stripVTControlCharacters(shown).replace(controlCharacters, '');
    const masked = this.secrets.reduce((line, secret) => line.replaceAll(secret, '[hidden]'), plain);
    return masked.length > longestLine ? `${masked.slice(0, longestLine)} …` : masked;
  }
}
