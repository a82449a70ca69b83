import type { EntityManager } from 'typeorm';

export interface Settles {
  readonly id: string;
  /** An instance of it died. */
  readonly hasDied: boolean;
  /** Its settling time is over. */
  readonly isOver: boolean;
}

interface End {
  /** As PostgreSQL has it: who knows another than that one knows it from before. */
  readonly until: string;
  readonly atMs: number;
}

/**
 * Which deployments settle, and whether their time is over by a clock that is never set: what PostgreSQL says is taken once,
 * when a deployment is first seen here, and no later than its app asks for.
 */
export class SettlingTimes {
  #ends = new Map<string, End>();

  async look(manager: EntityManager): Promise<Settles[]> {
    const rows: { id: string; hasDied: boolean; until: string; leftMs: number }[] = await manager.query(
      `select d.id, d.failure is not null as "hasDied", d.settling_until::text as until,
         least(extract(epoch from d.settling_until - clock_timestamp()), (img.manifest->>'settleSeconds')::float8)::float8 * 1000 as "leftMs"
       from deployments d join releases r on r.id = d.release_id join images img on img.id = r.image_id where d.settling_until is not null`,
    );
    const now = performance.now();
    this.#ends = new Map(rows.map(({ id, until, leftMs }) => [id, this.#known(id, until) ?? { until, atMs: now + leftMs }]));
    return rows.map(({ id, hasDied }) => ({ id, hasDied, isOver: this.#ends.get(id)!.atMs <= now }));
  }

  #known(id: string, until: string): End | undefined {
    const known = this.#ends.get(id);
    return known?.until === until ? known : undefined;
  }
}
