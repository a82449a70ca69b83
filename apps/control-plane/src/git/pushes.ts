import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../access/caller.js';
import type { GitApp } from './git-access.js';
import type { WhoIsIt } from './ssh-sign-in.js';

/** A push under way: who pushes to what, as its transport found out. */
export interface Push {
  readonly app: GitApp;
  readonly caller: Caller;
  /** Asked again before anything is changed: a push may take as long to arrive as its pusher likes. */
  readonly who: WhoIsIt;
}

/** The pushes under way, each under a secret that only its own git processes know: so a hook can say whose it is. */
@Injectable()
export class Pushes {
  readonly #open = new Map<string, Push>();

  begin(push: Push): string {
    const secret = randomBytes(24).toString('base64url');
    this.#open.set(secret, push);
    return secret;
  }

  find(secret: string): Push | null {
    return this.#open.get(secret) ?? null;
  }

  end(secret: string): void {
    this.#open.delete(secret);
  }
}
