import { z } from 'zod';
import { Receipt } from './events.js';
import { AppManifest } from './manifest.js';
import { ProcessType } from './names.js';
import { ImageLayer, InstanceCondition, RequestFigures } from './node-protocol.js';
import { Failure } from './problems.js';
import { Right } from './rights.js';
import { AppRole, BuildState, DeploymentState, InstanceDesired, NodeAvailability, ReleaseReason, Role, UserState } from './states.js';

/* What the REST API shows: the things of the glossary as the outside sees them. Times are ISO 8601 in UTC. */

const at = z.iso.datetime();

/** How a release is named where no more of it is told: its number, and the app's own version such as 1.0. */
const ReleaseName = z.object({ number: z.number().int(), version: z.string().nullable() });

export const User = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  role: Role,
  state: UserState,
  createdAt: at,
  /** In the browser, with an API token or over SSH, to within a minute; null where they never came. */
  lastSeenAt: at.nullable(),
  /** Whether they sign in with a code besides the password; null to callers who are no sysadmin. */
  secondFactor: z.boolean().nullable(),
});
export type User = z.infer<typeof User>;

/** Whoever follows the link once chooses the password of the user that it was made for. Nobody mails it: whoever made it hands it on. */
export const Invitation = z.object({ link: z.string(), expiresAt: at });
export type Invitation = z.infer<typeof Invitation>;

/** What a change of password ended: how many sessions, and the names of tokens and SSH keys. */
export const EndedAccess = z.object({ sessions: z.number().int(), tokens: z.array(z.string()), sshKeys: z.array(z.string()) });
export type EndedAccess = z.infer<typeof EndedAccess>;

/** Of the caller. `since`: when it was confirmed; null where signing in takes the password alone. */
export const SecondFactor = z.object({ since: at.nullable(), recoveryCodesLeft: z.number().int() });
export type SecondFactor = z.infer<typeof SecondFactor>;

/** What an authenticator app takes, as a link (`otpauth://totp/…`, also for a QR code) and to type in (base32). */
export const SecondFactorSecret = z.object({ uri: z.string(), secret: z.string() });
export type SecondFactorSecret = z.infer<typeof SecondFactorSecret>;

/** Each signs in once in the place of a code of the authenticator app. They are shown this once. */
export const RecoveryCodes = z.object({ recoveryCodes: z.array(z.string()) });
export type RecoveryCodes = z.infer<typeof RecoveryCodes>;

export const Me = z.object({
  /** `user`: signed in or by token; `robot`: by a token of a robot; `owner`: the machine's owner over the local socket. */
  kind: z.enum(['user', 'robot', 'owner']),
  name: z.string(),
  email: z.string().nullable(),
  role: Role,
  /** What they may do on the platform, and so on every app. */
  rights: z.array(Right),
  /** What they may do on single apps besides. */
  apps: z.array(z.object({ name: z.string(), rights: z.array(Right) })),
});
export type Me = z.infer<typeof Me>;

/** A named set of users, which can be a member of apps. */
export const Team = z.object({ id: z.uuid(), name: z.string(), createdAt: at, users: z.array(z.object({ id: z.uuid(), name: z.string(), email: z.string().nullable() })) });
export type Team = z.infer<typeof Team>;

/** A user without a password, for programs: it has tokens alone. `app`: the app that it belongs to, whose admins have it in hand; null where sysadmins have. */
export const Robot = z.object({ id: z.uuid(), name: z.string(), app: z.string().nullable(), role: Role, createdAt: at });
export type Robot = z.infer<typeof Robot>;

/** Who has a role on an app: a user, a robot, or a team and so each of its users. */
export const Member = z.object({ id: z.uuid(), kind: z.enum(['user', 'robot', 'team']), /** Of the user, the robot or the team: an app's own robot may have the name of another. */ holderId: z.uuid(), name: z.string(), email: z.string().nullable(), role: AppRole, since: at });
export type Member = z.infer<typeof Member>;

/** A browser that is signed in. */
export const Session = z.object({
  id: z.uuid(),
  /** From where it was last seen, as far as that is known. */
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  createdAt: at,
  /** To within a minute. */
  lastSeenAt: at,
  expiresAt: at,
  /** Whether it is the one that asks. */
  current: z.boolean(),
});
export type Session = z.infer<typeof Session>;

export const Token = z.object({
  id: z.uuid(),
  name: z.string(),
  rights: z.array(Right),
  /** The apps that it is limited to; null where it is not. */
  apps: z.array(z.string()).nullable(),
  createdAt: at,
  expiresAt: at.nullable(),
  lastUsedAt: at.nullable(),
});
export type Token = z.infer<typeof Token>;

export const SshKey = z.object({ id: z.uuid(), name: z.string(), fingerprint: z.string(), type: z.string(), createdAt: at });
export type SshKey = z.infer<typeof SshKey>;

export const Formation = z.record(ProcessType, z.number().int().min(0).max(100));
export type Formation = z.infer<typeof Formation>;

/** Who did it: a user, a token of a user, a robot by one of its tokens, or the owner of the machine. */
export const Actor = z.object({ kind: z.enum(['user', 'token', 'robot', 'owner', 'molo']), name: z.string() });
export type Actor = z.infer<typeof Actor>;

export const Commit = z.object({ id: z.string(), subject: z.string(), author: z.string() });
export type Commit = z.infer<typeof Commit>;

/** The release of another environment whose image a promotion takes. */
export const PromotedFrom = z.object({ environment: z.string(), release: ReleaseName });
export type PromotedFrom = z.infer<typeof PromotedFrom>;

export const Release = z.object({
  id: z.uuid(),
  app: z.string(),
  environment: z.string(),
  number: z.number().int(),
  /** The app's own version, such as 1.0. */
  version: z.string().nullable(),
  reason: ReleaseReason,
  commit: Commit.nullable(),
  image: z.object({ id: z.uuid(), reference: z.string(), digest: z.string(), bytes: z.number().int(), layers: z.array(ImageLayer) }),
  manifest: AppManifest,
  formation: Formation,
  /** null where it is no promotion. */
  promotedFrom: PromotedFrom.nullable(),
  /** Names of the config it carries; values are never shown here. */
  configKeys: z.array(z.string()),
  createdBy: Actor,
  createdAt: at,
  /** The newest deployment of it. */
  deployment: z.object({ id: z.uuid(), state: DeploymentState, receipt: Receipt.nullable() }).nullable(),
  /** Whether it is the one that serves now. */
  live: z.boolean(),
  /** Whether its image is still there, so that one can go back to it. */
  imageKept: z.boolean(),
});
export type Release = z.infer<typeof Release>;

export const Build = z.object({
  id: z.uuid(),
  state: BuildState,
  treeId: z.string(),
  /** True when an image of the same source tree and stack was there already. */
  reused: z.boolean(),
  failure: Failure.nullable(),
  createdAt: at,
  startedAt: at.nullable(),
  finishedAt: at.nullable(),
});
export type Build = z.infer<typeof Build>;

/** Of a deployment that had to be approved: what was decided, by whom and with which word; all null while it waits. */
export const Approval = z.object({ decision: z.enum(['approved', 'declined']).nullable(), by: Actor.nullable(), at: at.nullable(), word: z.string().nullable() });
export type Approval = z.infer<typeof Approval>;

/** Values of secrets are null on both sides. */
export const ConfigDifference = z.object({ key: z.string(), kind: z.enum(['added', 'changed', 'removed']), secret: z.boolean(), before: z.string().nullable(), after: z.string().nullable() });
export type ConfigDifference = z.infer<typeof ConfigDifference>;

/** null: the process type is not there. */
export const FormationDifference = z.object({ processType: z.string(), before: z.number().int().nullable(), after: z.number().int().nullable() });
export type FormationDifference = z.infer<typeof FormationDifference>;

/** What a deployment that waits for approval would change of what is live now. */
export const DeploymentChanges = z.object({
  /** Changes with all that is told here: sent with an approval it says what was looked at. */
  version: z.string(),
  live: ReleaseName.nullable(),
  /** Digests; null where there is none yet. */
  image: z.object({ before: z.string().nullable(), after: z.string().nullable() }),
  /** `added`, `removed`: the commits between the two, newest first, fifty of each at the most. */
  commit: z.object({ before: Commit.nullable(), after: Commit.nullable(), added: z.array(Commit), removed: z.array(Commit) }),
  config: z.array(ConfigDifference),
  formation: z.array(FormationDifference),
});
export type DeploymentChanges = z.infer<typeof DeploymentChanges>;

/** What a rollback undoes that Molo itself began: a deployment whose release died while it settled, and how. */
export const Undone = z.object({ deploymentId: z.uuid(), release: ReleaseName, failure: Failure });
export type Undone = z.infer<typeof Undone>;

export const Deployment = z.object({
  id: z.uuid(),
  app: z.string(),
  environment: z.string(),
  state: DeploymentState,
  reason: ReleaseReason,
  release: ReleaseName.nullable(),
  commit: Commit.nullable(),
  build: Build.nullable(),
  actor: Actor,
  /** Why it failed; of one that went live: how an instance died while the release settled. */
  failure: Failure.nullable(),
  undoes: Undone.nullable(),
  /** null where it is no promotion. */
  promotedFrom: PromotedFrom.nullable(),
  /** null where it needs none. */
  approval: Approval.nullable(),
  receipt: Receipt.nullable(),
  createdAt: at,
  startedAt: at.nullable(),
  finishedAt: at.nullable(),
});
export type Deployment = z.infer<typeof Deployment>;

export const EnvironmentSummary = z.object({
  name: z.string(),
  /** Whether deployments of whoever is no sysadmin wait for approval. */
  protected: z.boolean(),
  url: z.string(),
  /** `by`: who made it live. */
  liveRelease: ReleaseName.extend({ since: at, by: Actor.optional() }).nullable(),
  activeDeployment: z.object({ id: z.uuid(), state: DeploymentState }).nullable(),
  lastDeployment: z.object({ id: z.uuid(), state: DeploymentState, failure: Failure.nullable(), undoes: Undone.nullable() }).nullable(),
  /** How many deployments wait for approval. */
  awaitingApproval: z.number().int(),
  /** Instances wanted and healthy. */
  instances: z.object({ wanted: z.number().int(), healthy: z.number().int() }),
});
export type EnvironmentSummary = z.infer<typeof EnvironmentSummary>;

export const App = z.object({
  id: z.uuid(),
  name: z.string(),
  deployBranch: z.string(),
  gitHttpUrl: z.string(),
  gitSshUrl: z.string(),
  imageRepository: z.string(),
  createdBy: Actor,
  createdAt: at,
  environments: z.array(EnvironmentSummary),
});
export type App = z.infer<typeof App>;

export const ConfigEntry = z.object({
  key: z.string(),
  secret: z.boolean(),
  /** null for a secret: it can be replaced, never read. */
  value: z.string().nullable(),
  updatedAt: at,
});
export type ConfigEntry = z.infer<typeof ConfigEntry>;

export const Domain = z.object({ host: z.string(), builtIn: z.boolean(), createdAt: at });
export type Domain = z.infer<typeof Domain>;

export const Instance = InstanceCondition.extend({
  id: z.uuid(),
  /** `web.1` */
  name: z.string(),
  processType: z.string(),
  release: z.number().int(),
  version: z.string().nullable(),
  node: z.string(),
  desired: InstanceDesired,
  serving: z.boolean(),
  memoryBytes: z.number().int().nullable(),
  memoryLimitBytes: z.number().int(),
  cpuSeconds: z.number().nullable(),
});
export type Instance = z.infer<typeof Instance>;

export const EnvironmentFigures = RequestFigures.extend({ at: at.nullable() });
export type EnvironmentFigures = z.infer<typeof EnvironmentFigures>;

export const Node = z.object({
  id: z.uuid(),
  name: z.string(),
  roles: z.array(z.enum(['builder', 'ingress', 'instances'])),
  online: z.boolean(),
  availability: NodeAvailability,
  lastSeenAt: at.nullable(),
  generation: z.number().int(),
  appliedGeneration: z.number().int(),
  agentVersion: z.string().nullable(),
  engineVersion: z.string().nullable(),
  cpus: z.number().nullable(),
  memoryBytes: z.number().int().nullable(),
  memoryUsedBytes: z.number().int().nullable(),
  diskBytes: z.number().int().nullable(),
  diskUsedBytes: z.number().int().nullable(),
  instances: z.number().int(),
});
export type Node = z.infer<typeof Node>;

export const Image = z.object({
  id: z.uuid(),
  app: z.string(),
  reference: z.string(),
  digest: z.string(),
  bytes: z.number().int(),
  layers: z.array(ImageLayer),
  createdAt: at,
  releases: z.array(ReleaseName.extend({ environment: z.string() })),
});
export type Image = z.infer<typeof Image>;

export const AuditEvent = z.object({
  id: z.string(),
  at,
  actor: Actor,
  /** The user or robot who did it, themselves or by a token: names change, and others may take them. null for the machine's owner and for Molo itself. */
  actorId: z.uuid().nullable(),
  ip: z.string().nullable(),
  action: z.string(),
  target: z.string(),
  before: z.unknown(),
  after: z.unknown(),
});
export type AuditEvent = z.infer<typeof AuditEvent>;

export const Part = z.object({ name: z.string(), up: z.boolean(), detail: z.string().nullable() });
export const Status = z.object({ version: z.string(), claimed: z.boolean(), parts: z.array(Part) });
export type Status = z.infer<typeof Status>;
