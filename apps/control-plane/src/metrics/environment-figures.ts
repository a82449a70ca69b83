import { Injectable } from '@nestjs/common';
import type { EnvironmentFigures as FiguresView } from '@molo/contracts';
import { DataSource } from 'typeorm';

interface Row {
  requests: string;
  responses5xx: string;
  connectionErrors: string;
  openConnections: string;
  bytesIn: string;
  bytesOut: string;
  at: Date | null;
}

/** What the ingresses of all nodes counted for one environment, since their agents began to count. */
@Injectable()
export class EnvironmentFigures {
  constructor(private readonly dataSource: DataSource) {}

  async of(environmentId: string): Promise<FiguresView> {
    const [row] = await this.dataSource.query<[Row]>(sumOfNodes, [environmentId]);
    return {
      requests: Number(row.requests),
      responses5xx: Number(row.responses5xx),
      connectionErrors: Number(row.connectionErrors),
      openConnections: Number(row.openConnections),
      bytesIn: Number(row.bytesIn),
      bytesOut: Number(row.bytesOut),
      at: row.at?.toISOString() ?? null,
    };
  }
}

const counters = ['requests', 'responses5xx', 'connectionErrors', 'openConnections', 'bytesIn', 'bytesOut'];
const sums = counters.map((name) => `coalesce(sum((figure->>'${name}')::bigint), 0) as "${name}"`).join(', ');
const sumOfNodes = `
  select ${sums}, max((n.figures->>'at')::timestamptz) as at
  from nodes n cross join lateral jsonb_array_elements(n.figures->'environments') figure
  where figure->>'environmentId' = $1`;
