import { z } from 'zod';
import { Digest, GitObjectId } from './names.js';
import { Traffic } from './events.js';
import { AppManifest, Health, Resources } from './manifest.js';
import { Failure } from './problems.js';
import { BuildState, InstanceDesired, InstanceObserved, LayerKind } from './states.js';

/*
 * What an agent and the control plane say to each other over HTTP. The agent asks; the control plane answers.
 * Requests carry `Authorization: Bearer <node token>`. Jobs in Redis only wake the agent up: the facts come from here.
 *
 * Both sides say what changed since what the other is known to have, and fall back to the whole when that is not certain.
 */

/** One instance that a node is to have. `generation` of its deployment fences older wishes. */
export const DesiredInstance = z.object({
  id: z.uuid(),
  app: z.string(),
  environment: z.string(),
  environmentId: z.uuid(),
  deploymentId: z.uuid(),
  release: z.number().int(),
  version: z.string().nullable(),
  commit: z.string().nullable(),
  processType: z.string(),
  /** 1, 2, … within its process type and release. */
  index: z.number().int().min(1),
  desired: InstanceDesired,
  /** A process that runs once and is done when it exits with 0, such as the release process. */
  runsOnce: z.boolean(),
  image: z.object({
    /** `HOST:PORT/app@sha256:…` */
    reference: z.string(),
    digest: Digest,
    /** The engine's own id of the image (its config digest): where the node has it already nothing is pulled. */
    imageId: Digest.nullable(),
  }),
  command: z.string().nullable(),
  env: z.record(z.string(), z.string()),
  port: z.number().int().nullable(),
  resources: Resources,
  /** null: it only has to stay running. */
  health: Health.nullable(),
  drainSeconds: z.number(),
  stopSeconds: z.number(),
});
export type DesiredInstance = z.infer<typeof DesiredInstance>;

/** Where an environment's requests go on this node's ingress. */
export const DesiredRoute = z.object({
  environmentId: z.uuid(),
  app: z.string(),
  environment: z.string(),
  hosts: z.array(z.string()),
  /** Release that serves; null while nothing is deployed. */
  release: z.number().int().nullable(),
  /** Instances that take new requests. */
  serving: z.array(z.uuid()),
  /** The deployment whose receipt is being counted, if one runs. */
  countingDeploymentId: z.uuid().nullable(),
});
export type DesiredRoute = z.infer<typeof DesiredRoute>;

/** All that a node is to be. */
export const DesiredNode = z.object({
  nodeId: z.uuid(),
  generation: z.number().int(),
  instances: z.array(DesiredInstance),
  routes: z.array(DesiredRoute),
});
export type DesiredNode = z.infer<typeof DesiredNode>;

/** A desired set, or what of it changed; what is said twice changes nothing. */
export const DesiredAnswer = DesiredNode.extend({
  /** Everything that changed after this generation is in here, as it is now; null: this is the whole set. */
  since: z.number().int().nullable(),
  /** With `since`: instances that are to be no more, and environments whose route is. */
  gone: z.object({ instances: z.array(z.uuid()), environments: z.array(z.uuid()) }),
});
export type DesiredAnswer = z.infer<typeof DesiredAnswer>;

/** The newest that an agent could know: a bound for what it says that it knows. */
const longestGeneration = 2 ** 52;

/**
 * `GET /agent/v1/desired`: the whole set. With `since` it is answered with the difference, once there is one; with 204 when
 * there was none for `waitSeconds`; and with the whole set where the difference is not known. (`DesiredAnswer`)
 */
export const DesiredQuery = z.object({
  since: z.coerce.number().int().min(0).max(longestGeneration).optional(),
  waitSeconds: z.coerce.number().min(0).max(60).default(0),
});

/** How an instance fares, as the agent reports it and the REST API shows it. */
export const InstanceCondition = z.object({
  observed: InstanceObserved,
  restarts: z.number().int(),
  exitCode: z.number().int().nullable(),
  outOfMemory: z.boolean(),
  startedAt: z.iso.datetime().nullable(),
  /** Why it is unhealthy, backing off or failed; with the last lines of its log. */
  failure: Failure.nullable(),
});

export const ObservedInstance = InstanceCondition.extend({
  id: z.uuid(),
  containerId: z.string().nullable(),
  address: z.string().nullable(),
  lastLines: z.array(z.string()),
});
export type ObservedInstance = z.infer<typeof ObservedInstance>;

/** What the ingress counted for one environment since the counting of a deployment began. */
export const TrafficCount = Traffic.extend({ deploymentId: z.uuid(), environmentId: z.uuid() });
export type TrafficCount = z.infer<typeof TrafficCount>;

export const ObservedRoute = z.object({
  environmentId: z.uuid(),
  /** Instances that the ingress was seen to send new requests to. */
  serving: z.array(z.uuid()),
  /** Connections still open to instances that are draining. */
  draining: z.number().int(),
  failure: Failure.nullable(),
});
export type ObservedRoute = z.infer<typeof ObservedRoute>;

/**
 * `POST /agent/v1/observed`: what the agent sees. With `after` it is what changed since the report of that number, which the
 * control plane took last; where it did not, it answers `base_unknown`. Without, it is the whole, which replaces all before.
 */
export const ObservedNode = z.object({
  /** Rises with every report of one session. */
  seq: z.number().int(),
  /**
   * Another with each start of an agent, and after each `base_unknown`. The whole of one that was not heard of takes the place
   * of what the one before said; what an earlier one says after that is refused.
   */
  session: z.uuid(),
  after: z.number().int().nullable(),
  /** The generation of the desired set that this report answers. */
  generation: z.number().int(),
  instances: z.array(ObservedInstance),
  /** Instances that are to end and of which nothing is there, neither now nor to come. */
  absent: z.array(z.uuid()),
  routes: z.array(ObservedRoute),
  traffic: z.array(TrafficCount),
});
export type ObservedNode = z.infer<typeof ObservedNode>;

/** `GET /agent/v1/builds/:buildId`: what a builder has to know. */
export const BuildOrder = z.object({
  id: z.uuid(),
  deploymentId: z.uuid(),
  app: z.string(),
  state: BuildState,
  /** Source tree as a tar, compressed by zstd, a blob of the app's repository in the registry. */
  source: z.object({ repository: z.string(), digest: Digest, bytes: z.number().int() }),
  commit: GitObjectId,
  treeId: GitObjectId,
  /** `HOST:PORT/app`, to push to; tags to set. */
  imageRepository: z.string(),
  tags: z.array(z.string()),
  limits: z.object({ memoryBytes: z.number().int(), cpus: z.number(), timeoutSeconds: z.number(), diskBytes: z.number().int() }),
  /** Values of the app's config that a build may ask for by name (`build.secrets`). */
  config: z.record(z.string(), z.string()),
});
export type BuildOrder = z.infer<typeof BuildOrder>;

export const ImageLayer = z.object({
  kind: LayerKind,
  /** Digest of the uncompressed layer. */
  diffId: Digest,
  /** Digest and size of the compressed layer in the registry. */
  digest: Digest,
  bytes: z.number().int(),
  /** The instruction that made it. */
  createdBy: z.string(),
  /** Whether this build had to send it to the registry. */
  moved: z.boolean(),
});
export type ImageLayer = z.infer<typeof ImageLayer>;

export const BuiltImage = z.object({
  digest: Digest,
  imageId: Digest,
  bytes: z.number().int(),
  layers: z.array(ImageLayer),
  manifest: AppManifest,
  /** The engine's id of the stack it stands on; null for an image that stands on none of ours. */
  stackImageId: Digest.nullish(),
});
export type BuiltImage = z.infer<typeof BuiltImage>;

/** An image that is made and not stored yet: instances may start from it where it was made. */
export const MadeImage = BuiltImage.pick({ imageId: true, manifest: true, stackImageId: true });
export type MadeImage = z.infer<typeof MadeImage>;

/** `POST /agent/v1/builds/:buildId/state`. A state said twice is taken once. */
export const BuildReport = z.discriminatedUnion('state', [
  z.object({ state: z.literal('building') }),
  z.object({ state: z.literal('pushing'), image: MadeImage.optional() }),
  z.object({ state: z.literal('succeeded'), image: BuiltImage }),
  z.object({ state: z.literal('failed'), failure: Failure }),
  z.object({ state: z.literal('cancelled') }),
]);
export type BuildReport = z.infer<typeof BuildReport>;

/**
 * `POST /agent/v1/logs`: whole lines of a deployment's log.
 * `key` names the chunk (`<build id>:<attempt>:<n>`); one sent twice is kept once. Where there is a `line`, `key` names a
 * series of lines instead, which the chunk goes on with at that number, the first being 0: lines of it that were taken
 * before are not taken again, however they were cut into chunks then.
 */
export const LogChunk = z.object({ deploymentId: z.uuid(), source: z.string(), key: z.string().max(200), line: z.int().nonnegative().optional(), text: z.string() });
export type LogChunk = z.infer<typeof LogChunk>;

/** Requests of one environment, counted by the ingress. */
export const RequestFigures = z.object({
  requests: z.number().int(),
  responses5xx: z.number().int(),
  connectionErrors: z.number().int(),
  openConnections: z.number().int(),
  bytesIn: z.number().int(),
  bytesOut: z.number().int(),
});

/** `POST /agent/v1/figures`: the node's use of its machine, and requests by environment since the agent started counting. */
export const NodeFigures = z.object({
  at: z.iso.datetime(),
  agentVersion: z.string(),
  engineVersion: z.string(),
  cpus: z.number(),
  memoryBytes: z.number().int(),
  memoryUsedBytes: z.number().int(),
  diskBytes: z.number().int(),
  diskUsedBytes: z.number().int(),
  instances: z.array(
    z.object({ id: z.uuid(), memoryBytes: z.number().int(), memoryLimitBytes: z.number().int(), cpuSeconds: z.number(), pids: z.number().int() }),
  ),
  environments: z.array(RequestFigures.extend({ environmentId: z.uuid() })),
});
export type NodeFigures = z.infer<typeof NodeFigures>;

/**
 * `POST /agent/v1/images/unneeded`: images that this node's engine has under names of our registry. The answer tells those
 * that nobody needs any more; what was told once holds for ever.
 */
export const NodeImage = z.object({
  /** The engine's own id of the image. */
  id: Digest,
  /** The build that gave it its name; null where it was pulled by digest. */
  buildId: z.uuid().nullable(),
});
export type NodeImage = z.infer<typeof NodeImage>;
export const UnneededImages = z.object({ ids: z.array(Digest) });
export type UnneededImages = z.infer<typeof UnneededImages>;

/** `POST /agent/v1/stacks`: an OS Base image that this node made or has. */
export const StackReport = z.object({ name: z.string(), digest: Digest, imageId: Digest, bytes: z.number().int(), packages: z.array(z.string()) });
export type StackReport = z.infer<typeof StackReport>;
