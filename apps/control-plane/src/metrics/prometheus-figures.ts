import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { DataSource } from 'typeorm';

interface EnvironmentRow {
  app: string;
  environment: string;
  requests: string;
  responses5xx: string;
}

/** Figures for Prometheus; those out of the database are read when somebody asks. */
@Injectable()
export class PrometheusFigures {
  private readonly registry = new Registry();

  private readonly deployments = new Gauge({ name: 'molo_deployments', help: 'Deployments by state', labelNames: ['state'], registers: [this.registry] });
  private readonly instances = new Gauge({ name: 'molo_instances', help: 'Instances that exist, by what is seen of them', labelNames: ['observed'], registers: [this.registry] });
  private readonly requests = new Counter({ name: 'molo_requests_total', help: 'Requests of an environment, counted by the ingress', labelNames: ['app', 'environment'], registers: [this.registry] });
  private readonly failures = new Counter({ name: 'molo_responses_5xx_total', help: 'Answers of an environment with a status of 500 or above', labelNames: ['app', 'environment'], registers: [this.registry] });

  constructor(private readonly dataSource: DataSource) {
    collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  async text(): Promise<string> {
    await this.readStates();
    await this.readEnvironments();
    return await this.registry.metrics();
  }

  private async readStates(): Promise<void> {
    const deployments: { state: string; count: string }[] = await this.dataSource.query('select state, count(*) from deployments group by state');
    const instances: { observed: string; count: string }[] = await this.dataSource.query('select observed, count(*) from instances where gone_at is null group by observed');
    this.deployments.reset();
    this.instances.reset();
    for (const { state, count } of deployments) this.deployments.set({ state }, Number(count));
    for (const { observed, count } of instances) this.instances.set({ observed }, Number(count));
  }

  /** The sum of what the nodes counted. An agent that starts anew counts from zero, as Prometheus expects of counters. */
  private async readEnvironments(): Promise<void> {
    const rows: EnvironmentRow[] = await this.dataSource.query(`
      select a.name as app, e.name as environment, sum((figure->>'requests')::bigint) as requests, sum((figure->>'responses5xx')::bigint) as responses5xx
      from nodes n cross join lateral jsonb_array_elements(n.figures->'environments') figure
        join environments e on e.id = (figure->>'environmentId')::uuid join apps a on a.id = e.app_id
      where e.deleted_at is null group by a.name, e.name`);
    this.requests.reset();
    this.failures.reset();
    for (const { app, environment, requests, responses5xx } of rows) {
      this.requests.inc({ app, environment }, Number(requests));
      this.failures.inc({ app, environment }, Number(responses5xx));
    }
  }
}
