import { setTimeout as pause } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type { LogChunk } from '@molo/contracts';
import { CoalescedWork } from '../coalesced-work.js';

const gatherMs = 20;
const chunkChars = 256 * 1024;
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

/** The log of a build, as people read it: headings with an arrow, details indented below them. Sent in order, with each chunk all that came while the one before was on its way: no slow control plane holds up the build. */
export class BuildLog {
  private readonly secrets: readonly string[];
  private pending: string[] = [];
  private readonly sending = new CoalescedWork(() => this.send());
  private readonly closing = new AbortController();
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
    this.closing.abort();
    await this.sending.rest();
  }

  private write(text: string): void {
    if (this.bytes >= maxBytes) return;
    const line = this.clean(text);
    this.bytes += Buffer.byteLength(line) + 1;
    this.pending.push(this.bytes < maxBytes ? line : ' !     The log is longer than 10 MB; the rest is left out.');
    this.sending.ask();
  }

  private async send(): Promise<void> {
    if (this.pending.length === 0) return;
    await pause(gatherMs, undefined, { signal: this.closing.signal }).catch(() => undefined);
    const { buildId, deploymentId, attempt, send } = this.settings;
    const chunk = { deploymentId, source: 'build', key: `${buildId}:${attempt}:${(this.count += 1)}`, text: this.takeChunk().join('\n') };
    // A log that cannot be delivered must not end a build.
    await send([chunk]).catch(() => undefined);
    if (this.pending.length > 0) this.sending.ask();
  }

  private takeChunk(): string[] {
    let chars = 0;
    const end = this.pending.findIndex((line) => (chars += line.length + 1) > chunkChars);
    return this.pending.splice(0, end < 0 ? this.pending.length : end);
  }

  private clean(text: string): string {
    const shown = text.replace(/\r+$/, '').split('\r').at(-1) ?? '';
    const plain = stripVTControlCharacters(shown).replace(controlCharacters, '');
    const masked = this.secrets.reduce((line, secret) => line.replaceAll(secret, '[hidden]'), plain);
    return masked.length > longestLine ? `${masked.slice(0, longestLine)} …` : masked;
  }
}
