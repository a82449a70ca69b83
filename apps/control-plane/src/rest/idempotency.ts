import { createHmac } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { AppError, type Endpoint } from '@molo/contracts';
import { DataSource } from 'typeorm';
import type { Caller } from '../access/caller.js';
import { Config } from '../config.js';
import { Log } from '../log.js';
import { SecretBox } from '../secrets/secret-box.js';
import type { Call } from './endpoint.decorator.js';

/** What is longer undone than this was begun by a process that died. */
const abandonedAfter = '2 minutes';
const keptFor = '1 day';
const cleanEveryMs = 60 * 60 * 1000;

interface Place {
  readonly caller: string;
  readonly key: string;
  readonly hash: string;
}

/**
 * `Idempotency-Key` on POST: the same request again gets the answer of the first, and changes nothing.
 * Answers are kept sealed, since they may hold the text of a token; a request that failed may be made again.
 */
@Injectable()
export class Idempotency implements OnApplicationBootstrap, OnModuleDestroy {
  private cleaning: NodeJS.Timeout | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly secretBox: SecretBox,
    private readonly config: Config,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.cleaning = setInterval(() => void this.forgetExpired(), cleanEveryMs);
  }

  onModuleDestroy(): void {
    if (this.cleaning) clearInterval(this.cleaning);
  }

  async once(endpoint: Endpoint, call: Call<Endpoint>, handle: () => Promise<unknown>): Promise<unknown> {
    const key = call.request.get('idempotency-key');
    // What is public has no caller to whom a key could belong.
    if (key === undefined || endpoint.method !== 'POST' || endpoint.right === 'public') return await handle();
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new AppError('invalid_input', { detail: 'Idempotency-Key must have 1 to 255 visible ASCII characters.' });
    const place = { caller: ownerOf(call.caller), key, hash: this.hash(call) };
    if (!(await this.begin(place))) return await this.replay(place);
    const answer = await handle().catch(async (error: unknown) => {
      await this.letGo(place);
      throw error;
    });
    await this.keep(place, endpoint.status, answer);
    return answer;
  }

  /** One of any number of equal requests at once begins; whether it is this one. */
  private async begin(place: Place): Promise<boolean> {
    const begun: unknown[] = await this.dataSource.query(
      `insert into idempotency_keys as known (caller, key, request_hash) values ($1, $2, $3)
       on conflict (caller, key) do update set request_hash = excluded.request_hash, status = null, response = null, created_at = now()
       where known.created_at < now() - interval '${keptFor}'
          or (known.status is null and known.request_hash = excluded.request_hash and known.created_at < now() - interval '${abandonedAfter}')
       returning 1`,
      [place.caller, place.key, place.hash],
    );
    return begun.length === 1;
  }

  private async replay(place: Place): Promise<unknown> {
    const rows: { request_hash: string; status: number | null; response: { sealed: string | null } | null }[] = await this.dataSource.query(
      'select request_hash, status, response from idempotency_keys where caller = $1 and key = $2',
      [place.caller, place.key],
    );
    const known = rows[0];
    if (known && known.request_hash !== place.hash) {
      throw new AppError('idempotency_key_reused', { detail: 'This Idempotency-Key was used for another request, or with a token of other rights. Use a new key for each request.' });
    }
    if (!known?.response) throw new AppError('conflict', { detail: 'The first request with this Idempotency-Key still runs. Ask again in a moment.' });
    return known.response.sealed === null ? undefined : JSON.parse(this.secretBox.open(known.response.sealed, contextOf(place)));
  }

  /** What was done stays done, so that a failure in here must not look as if nothing had been. */
  private async keep(place: Place, status: number, answer: unknown): Promise<void> {
    const sealed = answer === undefined ? null : this.secretBox.seal(JSON.stringify(answer), contextOf(place));
    const kept = this.dataSource.query('update idempotency_keys set status = $3, response = $4 where caller = $1 and key = $2', [place.caller, place.key, status, JSON.stringify({ sealed })]);
    await kept.catch((error: unknown) => this.log.warn({ err: error }, 'the answer to an idempotent request could not be kept'));
  }

  /** The request failed and may be made again; where even this fails, once it counts as abandoned. */
  private async letGo({ caller, key }: Place): Promise<void> {
    const gone = this.dataSource.query('delete from idempotency_keys where caller = $1 and key = $2', [caller, key]);
    await gone.catch((error: unknown) => this.log.warn({ err: error }, 'an idempotency key could not be let go'));
  }

  private async forgetExpired(): Promise<void> {
    const expired = this.dataSource.query(`delete from idempotency_keys where created_at < now() - interval '${keptFor}'`);
    await expired.catch((error: unknown) => this.log.warn({ err: error }, 'expired idempotency keys could not be removed'));
  }

  /**
   * Keyed, so that a short secret in a body cannot be guessed from its hash. With what the caller's credential allows: what a
   * token was answered is not for another of the same user that may do less.
   */
  private hash({ request, body, caller: { limit, appLimit } }: Call<Endpoint>): string {
    const asked = [request.method, request.path, body ?? null, limit.toSorted(), appLimit?.toSorted() ?? null];
    return createHmac('sha256', this.config.masterKey).update(JSON.stringify(asked)).digest('hex');
  }
}

function ownerOf(caller: Caller): string {
  return caller.userId ?? 'owner';
}

function contextOf(place: Place): string {
  return `idempotency/${place.caller}/${place.key}`;
}
