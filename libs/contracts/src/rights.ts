import { z } from 'zod';
import type { Role } from './states.js';

/** What a caller must be allowed to do. `public` needs no sign-in; `any` needs one. */
export const Right = z.enum(['public', 'any', 'read', 'deploy', 'administer']);
export type Right = z.infer<typeof Right>;

/** The most that a user of the role may do; a token of theirs may do less. */
export const rightsByRole = {
  sysadmin: ['any', 'read', 'deploy', 'administer'],
  developer: ['any', 'read', 'deploy'],
  viewer: ['any', 'read'],
} as const satisfies Record<Role, readonly Right[]>;
