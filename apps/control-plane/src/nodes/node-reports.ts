import { Injectable } from '@nestjs/common';
import type { LogChunk, NodeFigures, StackReport } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { Journal } from '../deployments/journal.js';
import { Node } from './node.entity.js';

/** What agents tell beside what they see of instances: logs of deployments, figures, stacks. */
@Injectable()
export class NodeReports {
  constructor(
    private readonly dataSource: DataSource,
    private readonly journal: Journal,
  ) {}

  async takeLogs(nodeId: string, chunks: readonly LogChunk[]): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const ids = [...new Set(chunks.map((chunk) => chunk.deploymentId))];
      const rows: { id: string }[] = await manager.query(
        `select d.id from deployments d where d.id = any($1) and (
           exists (select 1 from builds b where b.id = d.build_id and b.node_id = $2) or
           exists (select 1 from instances i where i.deployment_id = d.id and i.node_id = $2)) order by d.id`,
        [ids, nodeId],
      );
      // One deployment after the other, in the order in which everybody locks them.
      for (const { id } of rows) {
        for (const { source, key, line, text } of chunks.filter((chunk) => chunk.deploymentId === id)) {
          const said = { source, text: text.replaceAll('\0', '') };
          if (line === undefined) await this.journal.append(manager, id, { kind: 'log', ...said }, key);
          else await this.journal.appendLines(manager, id, key, line, said);
        }
      }
    });
  }

  async takeFigures(nodeId: string, figures: NodeFigures): Promise<void> {
    await this.dataSource.manager.update(Node, { id: nodeId }, { figures, lastSeenAt: new Date() });
  }

  async takeStack(nodeId: string, stack: StackReport): Promise<void> {
    await this.dataSource.query(
      `insert into stacks (node_id, name, digest, image_id, bytes, packages) values ($1, $2, $3, $4, $5, $6)
       on conflict (node_id, name) do update set digest = excluded.digest, image_id = excluded.image_id, bytes = excluded.bytes,
         packages = excluded.packages, reported_at = now()`,
      [nodeId, stack.name, stack.digest, stack.imageId, stack.bytes, stack.packages],
    );
  }
}
