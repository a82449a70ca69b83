import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Of each environment, deployments that keep their whole journal, their log and their instances, however old they are. */
export const keptDeployments = 100;
/** All of the last this many days keep them, however many they are. */
export const keptDays = 30;
const batchSize = 1000;
/** Deployments whose journal is shortened at once. */
const journals = 50;

/** Deployments that are history: over, old, and neither live nor serving. `live` ends a deployment but not its use. */
const history = `
  select id from (
    select id, state, finished_at, row_number() over (partition by environment_id order by created_at desc, id desc) as place from deployments) d
  where place > ${keptDeployments} and finished_at < now() - interval '${keptDays} days' and state <> 'live'`;

/**
 * What each run takes, one short statement after the other until there is no more. What stays for ever are the facts that an
 * audit asks for: audit events (which the database would refuse to give), releases, deployments with their states, receipts and failures, builds, rows of images.
 * Sessions, idempotency keys and the outbox are bounded by those who own them.
 */
const sweeps = [
  // In whole journals: who reads one finds it as it was, or its states and its receipt.
  `delete from deployment_events where kind in ('log', 'step', 'build') and deployment_id in (
     select h.id from (${history}) h where exists (select 1 from deployment_events e where e.deployment_id = h.id and e.kind in ('log', 'step', 'build')) limit ${journals})`,
  `delete from instances where id in (select i.id from instances i where i.gone_at is not null and i.deployment_id in (${history}) limit ${batchSize})`,
  // The receipt has them all.
  `delete from traffic_counts where ctid = any(array(
     select t.ctid from traffic_counts t join deployments d on d.id = t.deployment_id where d.finished_at < now() - interval '1 day' limit ${batchSize}))`,
  // Nobody can sign in with them; who made and revoked them is in the audit.
  `delete from api_tokens where id in (
     select id from api_tokens where least(revoked_at, expires_at) < now() - interval '${keptDays} days' limit ${batchSize})`,
];

/** Bounds the tables that grow with every deployment. */
@Injectable()
export class HistorySweep {
  constructor(private readonly dataSource: DataSource) {}

  async sweep(): Promise<void> {
    for (const statement of sweeps) {
      for (;;) {
        const [, count]: [unknown[], number] = await this.dataSource.query(statement);
        if (count === 0) break;
      }
    }
  }
}
