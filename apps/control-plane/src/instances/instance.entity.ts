import type { Failure, InstanceDesired, InstanceObserved } from '@molo/contracts';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

@Entity('instances')
export class Instance {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid') environmentId!: string;
  @Column('uuid') deploymentId!: string;
  @Column('uuid') releaseId!: string;
  @Column('uuid') nodeId!: string;
  @Column('text') processType!: string;
  @Column('integer') index!: number;
  @Column('boolean') runsOnce!: boolean;
  @Column('text', { nullable: true }) command!: string | null;
  /** Its limit, which its node has promised it; a bigint, so a string. */
  @Column('bigint') memoryBytes!: string;
  @Column('text') desired!: InstanceDesired;
  /** Takes new requests. */
  @Column('boolean') serving!: boolean;
  @Column('text') observed!: InstanceObserved;
  @Column('text', { nullable: true }) containerId!: string | null;
  @Column('text', { nullable: true }) address!: string | null;
  @Column('integer') restarts!: number;
  @Column('integer', { nullable: true }) exitCode!: number | null;
  @Column('boolean') outOfMemory!: boolean;
  /** It has been healthy once, so that what befalls it later is no failure to start. */
  @Column('boolean') wasHealthy!: boolean;
  @Column('jsonb', { nullable: true }) failure!: Failure | null;
  @Column('text', { array: true }) lastLines!: string[];
  @Column('timestamptz', { nullable: true }) startedAt!: Date | null;
  @Column('timestamptz', { nullable: true }) observedAt!: Date | null;
  /** In which what it is to be changed last; null: changed since generations were given out last. A bigint, so a string. */
  @Column('bigint', { nullable: true }) generation!: string | null;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { nullable: true }) goneAt!: Date | null;
}

/** In SQL: what makes a row of `instances` under this name an Instance, for statements that read it beside other things. */
export function instanceColumns(name: string): string {
  return columns.map(([column, field]) => `${name}.${column} as "${field}"`).join(', ');
}

const columns = [
  ['id', 'id'], ['environment_id', 'environmentId'], ['deployment_id', 'deploymentId'], ['release_id', 'releaseId'], ['node_id', 'nodeId'], ['process_type', 'processType'],
  ['index', 'index'], ['runs_once', 'runsOnce'], ['command', 'command'], ['memory_bytes', 'memoryBytes'], ['desired', 'desired'], ['serving', 'serving'], ['observed', 'observed'],
  ['container_id', 'containerId'], ['address', 'address'], ['restarts', 'restarts'], ['exit_code', 'exitCode'], ['out_of_memory', 'outOfMemory'], ['was_healthy', 'wasHealthy'],
  ['failure', 'failure'], ['last_lines', 'lastLines'], ['started_at', 'startedAt'], ['observed_at', 'observedAt'], ['generation', 'generation'], ['created_at', 'createdAt'], ['gone_at', 'goneAt'],
] as const satisfies readonly (readonly [string, keyof Instance])[];
