import { Injectable } from '@nestjs/common';
import type { Instance as InstanceView, NodeFigures } from '@molo/contracts';
import { DataSource } from 'typeorm';

type Row = Omit<InstanceView, 'startedAt' | 'memoryBytes' | 'memoryLimitBytes' | 'cpuSeconds'> & {
  startedAt: Date | null;
  memoryLimitBytes: string;
  figures: NodeFigures['instances'][number] | null;
};

/** Instances as the outside sees them: what is wanted, what is observed and what they use. */
@Injectable()
export class InstanceViews {
  constructor(private readonly dataSource: DataSource) {}

  async list(environmentId: string): Promise<InstanceView[]> {
    const rows: Row[] = await this.dataSource.query(
      `select i.id, i.process_type || '.' || i.index as name, i.process_type as "processType", r.number as release, r.version, n.name as node,
         i.desired, i.observed, i.serving, i.restarts, i.out_of_memory as "outOfMemory", i.exit_code as "exitCode", i.failure, i.started_at as "startedAt",
         img.manifest->'processes'->i.process_type->'resources'->>'memoryBytes' as "memoryLimitBytes",
         (select f from jsonb_array_elements(n.figures->'instances') f where f->>'id' = i.id::text limit 1) as figures
       from instances i join releases r on r.id = i.release_id join images img on img.id = r.image_id join nodes n on n.id = i.node_id
       where i.environment_id = $1 and i.gone_at is null order by i.process_type, i.index, r.number desc`,
      [environmentId],
    );
    return rows.map(({ figures, startedAt, memoryLimitBytes, ...row }) => ({
      ...row,
      startedAt: startedAt?.toISOString() ?? null,
      memoryBytes: figures?.memoryBytes ?? null,
      memoryLimitBytes: Number(memoryLimitBytes),
      cpuSeconds: figures?.cpuSeconds ?? null,
    }));
  }
}
