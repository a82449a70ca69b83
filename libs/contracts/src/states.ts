import { z } from 'zod';

export const BuildState = z.enum(['queued', 'building', 'pushing', 'succeeded', 'failed', 'cancelled']);
export type BuildState = z.infer<typeof BuildState>;

export const DeploymentState = z.enum([
  'queued',
  'awaiting_approval',
  'placing',
  'starting',
  'checking',
  'switching',
  'draining',
  'live',
  'superseded',
  'failed',
  'cancelled',
]);
export type DeploymentState = z.infer<typeof DeploymentState>;

/** What the control plane wants of an instance. Only the control plane writes it. */
export const InstanceDesired = z.enum(['running', 'draining', 'stopped']);
export type InstanceDesired = z.infer<typeof InstanceDesired>;

/**
 * What the agent sees of an instance. Only the agent writes it.
 * `exited` is the good end of a process that runs once (the release process, `molo run`);
 * `gone` means that no container of it exists any more.
 */
export const InstanceObserved = z.enum([
  'pending',
  'pulling',
  'starting',
  'checking',
  'healthy',
  'unhealthy',
  'backing_off',
  'draining',
  'stopping',
  'exited',
  'failed',
  'gone',
]);
export type InstanceObserved = z.infer<typeof InstanceObserved>;

/** The five kinds of layer, in the order in which they lie in an image. */
export const LayerKind = z.enum(['os-base', 'os-custom', 'binary', 'library', 'source']);
export type LayerKind = z.infer<typeof LayerKind>;

/** A user's role on the platform. A member has none there: they see the apps that they are a member of. */
export const Role = z.enum(['sysadmin', 'developer', 'viewer', 'member']);
export type Role = z.infer<typeof Role>;

/** An invited user has no password yet; a disabled one cannot do anything, and loses nothing. */
export const UserState = z.enum(['invited', 'active', 'disabled']);
export type UserState = z.infer<typeof UserState>;

/** The role on one app of a user or a team. */
export const AppRole = z.enum(['admin', 'developer', 'viewer']);
export type AppRole = z.infer<typeof AppRole>;

/** What a deployment is for. `move` makes no release: the live one leaves the nodes that are being drained. */
export const ReleaseReason = z.enum(['push', 'promotion', 'rollback', 'redeploy', 'config', 'scale', 'domains', 'move']);
export type ReleaseReason = z.infer<typeof ReleaseReason>;

/** Whether a node is given new instances: a cordoned one is not, and one that drains gives those away that it has. Only people write it. */
export const NodeAvailability = z.enum(['active', 'cordoned', 'draining']);
export type NodeAvailability = z.infer<typeof NodeAvailability>;
