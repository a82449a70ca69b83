import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DesiredAnswer, type DesiredNode, desiredAfter } from '@molo/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { writeWhole } from '../atomic-file.js';
import { CONFIG, type AgentConfig } from '../config.js';
import { LOG, type Log } from '../logger.js';

const lengthBytes = 4;
const ivBytes = 12;
const tagBytes = 16;
/** Differences are added up to this, or to the size of the set that they are laid over. */
const leastBytesOfDifferences = 256 * 1024;

/**
 * The last desired set that was accepted, so that the agent can look after its node with nobody else alive.
 * It holds the config of apps: encrypted with AES-256-GCM under a key made from the node's token (HKDF-SHA-256).
 * The file is a whole set and the differences that came after it, each as: 4 bytes with the length of what follows, 12 bytes of
 * nonce, 16 bytes of tag, cipher text. Who dies while adding one leaves a torn end, which is not read: the set is then the one
 * before. The file is written anew, as a whole, before anything is added behind a torn end.
 */
@Injectable()
export class DesiredStore {
  private readonly file: string;
  private readonly key: Buffer;
  /** null: nothing may be added to what is there. */
  private bytes: { readonly whole: number; differences: number } | null = null;

  constructor(
    @Inject(CONFIG) config: Pick<AgentConfig, 'home' | 'nodeToken'>,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.file = join(config.home, 'agent/desired.enc');
    this.key = Buffer.from(hkdfSync('sha256', config.nodeToken, '', 'molo desired set', 32));
  }

  /** null when there is none, or none that this token opens. */
  async load(): Promise<DesiredNode | null> {
    let node: DesiredNode | null = null;
    try {
      for (const record of records(await readFile(this.file))) {
        const answer = DesiredAnswer.parse(JSON.parse(this.open(record)));
        node = desiredAfter(node, answer);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.log.warn({ err: error, generation: node?.generation }, 'the kept desired set cannot be read to its end; waiting for the control plane');
    }
    return node;
  }

  /** @param node what it is after the answer */
  async save(answer: DesiredAnswer, node: DesiredNode): Promise<void> {
    if (answer.since !== null && this.bytes && this.bytes.differences < Math.max(this.bytes.whole, leastBytesOfDifferences)) await this.add(answer);
    else await this.replace(node);
  }

  private async replace(node: DesiredNode): Promise<void> {
    const record = this.seal({ ...node, since: null, gone: { instances: [], environments: [] } });
    await writeWhole(this.file, record);
    this.bytes = { whole: record.length, differences: 0 };
  }

  private async add(answer: DesiredAnswer): Promise<void> {
    const { bytes } = this;
    const record = this.seal(answer);
    this.bytes = null;
    await appendFile(this.file, record);
    this.bytes = bytes && { ...bytes, differences: bytes.differences + record.length };
  }

  private seal(answer: DesiredAnswer): Buffer {
    const nonce = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce);
    const sealed = Buffer.concat([cipher.update(JSON.stringify(answer), 'utf8'), cipher.final()]);
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt32BE(ivBytes + tagBytes + sealed.length);
    return Buffer.concat([length, nonce, cipher.getAuthTag(), sealed]);
  }

  private open(sealed: Buffer): string {
    const decipher = createDecipheriv('aes-256-gcm', this.key, sealed.subarray(0, ivBytes));
    decipher.setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8');
  }
}

/** Throws RangeError at a torn end. */
function* records(file: Buffer): Generator<Buffer> {
  for (let at = 0; at < file.length; ) {
    const end = at + lengthBytes + file.readUInt32BE(at);
    if (end > file.length) throw new RangeError(`The file ends at ${file.length} bytes, in a record that goes to ${end}.`);
    yield file.subarray(at + lengthBytes, end);
    at = end;
  }
}
