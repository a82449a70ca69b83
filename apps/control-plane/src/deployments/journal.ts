import { Injectable } from '@nestjs/common';
import type { DeploymentEvent } from '@molo/contracts';
import type { EntityManager } from 'typeorm';
import { Notifications } from '../database/notifications.js';

type WithoutPlace<Event> = Event extends DeploymentEvent ? Omit<Event, 'seq' | 'at'> : never;
/** An event before it has its place in the stream. */
export type NewDeploymentEvent = WithoutPlace<DeploymentEvent>;

/**
 * The journal and the log of a deployment: append-only, numbered without a gap.
 * The number is taken by an update of the deployment's row, so appends to one deployment are in the order of their commits.
 */
@Injectable()
export class Journal {
  constructor(private readonly notifications: Notifications) {}

  /** @param dedupeKey an event with a key that the deployment has already is not written again */
  async append(manager: EntityManager, deploymentId: string, event: NewDeploymentEvent, dedupeKey: string | null = null): Promise<void> {
    const { kind, ...data } = event;
    const written = await manager.query(
      `with free as (select 1 where $4::text is null or not exists (
         select 1 from deployment_events where deployment_id = $1 and dedupe_key = $4)),
       place as (update deployments set event_seq = event_seq + 1 where id = $1 and exists (select 1 from free) returning event_seq)
       insert into deployment_events (deployment_id, seq, at, kind, data, dedupe_key)
       select $1, event_seq, clock_timestamp(), $2, $3, $4 from place returning seq`,
      [deploymentId, kind, JSON.stringify(data), dedupeKey],
    );
    if (written.length > 0) await this.notifications.notify(manager, 'deployment_event', deploymentId);
  }

  /**
   * Lines of a series that may be sent again from any line on, cut in another way: those that are there already are left out.
   * @param series what they are lines of
   * @param first the number of the first of them in the series, from 0
   */
  async appendLines(manager: EntityManager, deploymentId: string, series: string, first: number, { source, text }: { readonly source: string; readonly text: string }): Promise<void> {
    // Whoever sends the same at this moment, as an agent that was killed and the next one, waits here, and then sees it.
    await manager.query('select 1 from deployments where id = $1 for no key update', [deploymentId]);
    const [taken]: { lines: number }[] = await manager.query(
      `select coalesce(max(split_part(dedupe_key, '#', 2)::int + 1 + length(data->>'text') - length(replace(data->>'text', chr(10), ''))), 0) as lines
       from deployment_events where deployment_id = $1 and starts_with(dedupe_key, $2 || '#')`,
      [deploymentId, series],
    );
    const from = Math.max(first, taken!.lines);
    const lines = text.split('\n').slice(from - first);
    if (lines.length > 0) await this.append(manager, deploymentId, { kind: 'log', source, text: lines.join('\n') }, `${series}#${from}`);
  }

  /** Several in their order, in one statement. */
  async appendAll(manager: EntityManager, deploymentId: string, events: readonly NewDeploymentEvent[]): Promise<void> {
    if (events.length === 0) return;
    await manager.query(
      `with place as (update deployments set event_seq = event_seq + jsonb_array_length($2) where id = $1 returning event_seq - jsonb_array_length($2) as before)
       insert into deployment_events (deployment_id, seq, at, kind, data)
       select $1, before + n, clock_timestamp(), event->>'kind', event - 'kind' from place, jsonb_array_elements($2) with ordinality as events (event, n)`,
      [deploymentId, JSON.stringify(events)],
    );
    await this.notifications.notify(manager, 'deployment_event', deploymentId);
  }

  /** Of several deployments, each event to its own; those of one in their order. Locks the deployments in the order in which everybody does. */
  async appendEach(manager: EntityManager, events: readonly { readonly deploymentId: string; readonly event: NewDeploymentEvent }[]): Promise<void> {
    const ids = [...new Set(events.map(({ deploymentId }) => deploymentId))];
    if (ids.length === 0) return;
    if (ids.length === 1) return this.appendAll(manager, ids[0]!, events.map(({ event }) => event));
    await manager.query(
      `with told as (select n, (event->>'deploymentId')::uuid as id, event->'event' as event from jsonb_array_elements($1) with ordinality as events (event, n)),
       locked as (select id from deployments where id = any($2) order by id for no key update),
       counts as (select locked.id, count(*) from locked join told on told.id = locked.id group by locked.id),
       place as (update deployments d set event_seq = event_seq + count from counts where d.id = counts.id returning d.id, event_seq - count as before)
       insert into deployment_events (deployment_id, seq, at, kind, data)
       select id, before + row_number() over (partition by id order by n), clock_timestamp(), event->>'kind', event - 'kind' from place join told using (id)`,
      [JSON.stringify(events), ids],
    );
    for (const id of ids) await this.notifications.notify(manager, 'deployment_event', id);
  }

  async step(manager: EntityManager, deploymentId: string, step: string, text: string, detail?: Record<string, unknown>): Promise<void> {
    await this.append(manager, deploymentId, { kind: 'step', step, text, ...(detail === undefined ? {} : { detail }) });
  }

  async read(manager: EntityManager, deploymentId: string, afterSeq: number, limit: number): Promise<DeploymentEvent[]> {
    const rows: { seq: string; at: Date; kind: string; data: object }[] = await manager.query(
      'select seq, at, kind, data from deployment_events where deployment_id = $1 and seq > $2 order by seq limit $3',
      [deploymentId, afterSeq, limit],
    );
    return rows.map(({ seq, at, kind, data }) => ({ ...data, kind, seq: Number(seq), at: at.toISOString() }) as DeploymentEvent);
  }
}
