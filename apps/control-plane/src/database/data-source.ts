import { DataSource } from 'typeorm';
import { ApiToken } from '../access/api-token.entity.js';
import { Claim } from '../access/claim.entity.js';
import { Session } from '../access/session.entity.js';
import { SshKey } from '../access/ssh-key.entity.js';
import { User } from '../access/user.entity.js';
import { App } from '../apps/app.entity.js';
import { AuditEvent } from '../audit/audit-event.entity.js';
import { Build } from '../builds/build.entity.js';
import { Deployment } from '../deployments/deployment.entity.js';
import { ConfigVar } from '../environments/config-var.entity.js';
import { Domain } from '../environments/domain.entity.js';
import { Environment } from '../environments/environment.entity.js';
import { Image } from '../images/image.entity.js';
import { Instance } from '../instances/instance.entity.js';
import { Node } from '../nodes/node.entity.js';
import { Release } from '../releases/release.entity.js';
import { Initial1764000000000 } from './migrations/1764000000000-initial.js';
import { DropDeploymentAttempts1764100000000 } from './migrations/1764100000000-drop-deployment-attempts.js';
import { LookupsAtScale1764200000000 } from './migrations/1764200000000-lookups-at-scale.js';
import { InstanceMemory1764300000000 } from './migrations/1764300000000-instance-memory.js';
import { CollectedImages1764400000000 } from './migrations/1764400000000-collected-images.js';
import { Settling1764500000000 } from './migrations/1764500000000-settling.js';
import { DesiredDifferences1764600000000 } from './migrations/1764600000000-desired-differences.js';
import { BuildsWithoutSource1764700000000 } from './migrations/1764700000000-builds-without-source.js';
import { GenerationsAfterCommit1764800000000 } from './migrations/1764800000000-generations-after-commit.js';
import { AgentSessions1764900000000 } from './migrations/1764900000000-agent-sessions.js';
import { ChangesAtScale1765000000000 } from './migrations/1765000000000-changes-at-scale.js';
import { AppMembers1765010000000 } from './migrations/1765010000000-app-members.js';
import { Invitations1765020000000 } from './migrations/1765020000000-invitations.js';
import { Robots1765040000000 } from './migrations/1765040000000-robots.js';
import { RobotNames1765050000000 } from './migrations/1765050000000-robot-names.js';
import { InvitationMakers1765060000000 } from './migrations/1765060000000-invitation-makers.js';
import { Ingresses1765070000000 } from './migrations/1765070000000-ingresses.js';
import { StoredImages1765080000000 } from './migrations/1765080000000-stored-images.js';
import { UsersSeen1765090000000 } from './migrations/1765090000000-users-seen.js';
import { SessionsSeen1765030000000 } from './migrations/1765030000000-sessions-seen.js';
import { AuditSearch1765095000000 } from './migrations/1765095000000-audit-search.js';
import { SecondFactors1765100000000 } from './migrations/1765100000000-second-factors.js';
import { NodeAvailability1765140000000 } from './migrations/1765140000000-node-availability.js';
import { EnvironmentsRemoved1765120000000 } from './migrations/1765120000000-environments-removed.js';
import { Approvals1765121000000 } from './migrations/1765121000000-approvals.js';
import { PreparingClient } from './preparing-client.js';
import { SnakeNaming } from './snake-naming.js';

/**
 * A process that is frozen in a transaction loses it, and with it the locks: others carry on, and once woken it finds its
 * connection gone instead of committing what it knew before. Longer than what a transaction waits for: Redis takes up to 6 s, the registry answers within one.
 */
const idleInTransactionMs = 20_000;

/**
 * A database that lost its power, or failed over, says no goodbye: who waits for its answer would wait for ever. The system
 * asks whether it is there, and after about 20 s of silence (on Linux: ten more questions, a second apart) the connection ends.
 */
export const probedWhenSilent = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 };

/**
 * Each statement is planned once for a connection, not for each of its values: planning took PostgreSQL as long as the
 * statements themselves. Statistics that change plan it anew; since they come late, and a plan that was made while a table was
 * nearly empty would read it whole until then, indexes are read wherever there is one. A plan that has to
 * read a table after all is then counted so dear that PostgreSQL would spend a second on compiling it, hence no `jit`.
 */
const planOnce = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off';

/** Facts live in PostgreSQL; the schema changes by migrations alone. */
export function createDataSource(url: string, options: { poolSize?: number } = {}): DataSource {
  // As PostgreSQL's own clients have it: a socket's folder. TypeORM takes no parameters from a URL.
  const host = new URL(url).searchParams.get('host');
  return new DataSource({
    type: 'postgres',
    url,
    entities: [ApiToken, App, AuditEvent, Build, Claim, ConfigVar, Deployment, Domain, Environment, Image, Instance, Node, Release, Session, SshKey, User],
    migrations: [Initial1764000000000, DropDeploymentAttempts1764100000000, LookupsAtScale1764200000000, InstanceMemory1764300000000, CollectedImages1764400000000, Settling1764500000000, DesiredDifferences1764600000000, BuildsWithoutSource1764700000000, GenerationsAfterCommit1764800000000, AgentSessions1764900000000, ChangesAtScale1765000000000, AppMembers1765010000000, Invitations1765020000000, SessionsSeen1765030000000, Robots1765040000000, RobotNames1765050000000, InvitationMakers1765060000000, Ingresses1765070000000, StoredImages1765080000000, UsersSeen1765090000000, AuditSearch1765095000000, SecondFactors1765100000000, EnvironmentsRemoved1765120000000, Approvals1765121000000, NodeAvailability1765140000000],
    migrationsTransactionMode: 'all',
    namingStrategy: new SnakeNaming(),
    synchronize: false,
    poolSize: options.poolSize ?? 20,
    extra: { ...(host ? { host } : {}), Client: PreparingClient, options: planOnce, connectionTimeoutMillis: 10_000, ...probedWhenSilent, idle_in_transaction_session_timeout: idleInTransactionMs },
  });
}

/** Any fixed number: it names the lock under which one control plane at a time migrates. */
const migrationLock = 7_265_301;

/** Brings the schema up to date; several control planes may start at once. */
export async function migrate(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('select pg_advisory_lock($1)', [migrationLock]);
    await dataSource.runMigrations();
  } finally {
    await runner.query('select pg_advisory_unlock($1)', [migrationLock]);
    await runner.release();
  }
}
