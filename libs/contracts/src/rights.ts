import { z } from 'zod';
import type { AppRole, Role } from './states.js';

/** What a caller must be allowed to do. `public` needs no sign-in; `any` needs one. */
export const Right = z.enum(['public', 'any', 'read', 'deploy', 'administer']);
export type Right = z.infer<typeof Right>;

/** What a token is given. */
export const TokenRight = Right.exclude(['public', 'any']);
export type TokenRight = z.infer<typeof TokenRight>;

/**
 * What a right is asked on. `platform`: on the platform itself. `app`, `environment`, `deployment`: on the app that the path
 * names, or whose deployment it names. `robot`: on the app that the robot belongs to, or on the platform where it belongs to
 * none. `apps`: on any app; the answer holds what the caller has the right on, and no more.
 */
export type RightOn = 'platform' | 'apps' | 'app' | 'environment' | 'deployment' | 'robot';

/** What a user of the role may do on the platform, and so on every app; a token of theirs may do less. */
export const rightsByRole = {
  sysadmin: ['any', 'read', 'deploy', 'administer'],
  developer: ['any', 'read', 'deploy'],
  viewer: ['any', 'read'],
  member: ['any'],
} as const satisfies Record<Role, readonly Right[]>;

/** What a member of an app may do on it, whatever their role on the platform. */
export const rightsByAppRole = {
  admin: ['read', 'deploy', 'administer'],
  developer: ['read', 'deploy'],
  viewer: ['read'],
} as const satisfies Record<AppRole, readonly TokenRight[]>;
