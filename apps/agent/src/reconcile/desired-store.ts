import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DesiredNode } from '@molo/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { writeWhole } from '../atomic-file.js';
import { CONFIG, type AgentConfig } from '../config.js';
import { LOG, type Log } from '../logger.js';

const ivBytes = 12;
const tagBytes = 16;

/**
 * The last desired set that was accepted, so that the agent can look after its node with nobody else alive.
 * It holds the config of apps: encrypted with AES-256-GCM under a key made from the node's token (HKDF-SHA-256).
 * The file is: 12 bytes of nonce, 16 bytes of tag, cipher text.
 */
@Injectable()
export class DesiredStore {
  private readonly file: string;
  private readonly key: Buffer;

  constructor(
    @Inject(CONFIG) config: Pick<AgentConfig, 'home' | 'nodeToken'>,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.file = join(config.home, 'agent/desired.enc');
    this.key = Buffer.from(hkdfSync('sha256', config.nodeToken, '', 'molo desired set', 32));
  }

  /** null when there is none, or none that this token opens. */
  async load(): Promise<DesiredNode | null> {
    try {
      return DesiredNode.parse(JSON.parse(this.open(await readFile(this.file))));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.log.error({ err: error }, 'the kept desired set cannot be read; waiting for the control plane');
      return null;
    }
  }

  async save(node: DesiredNode): Promise<void> {
    await writeWhole(this.file, this.seal(JSON.stringify(node)));
  }

  private seal(text: string): Buffer {
    const nonce = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  private open(sealed: Buffer): string {
    const decipher = createDecipheriv('aes-256-gcm', this.key, sealed.subarray(0, ivBytes));
    decipher.setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8');
  }
}
