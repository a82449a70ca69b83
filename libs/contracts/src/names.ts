import { z } from 'zod';

/** Names that would collide with Molo's own hosts, repositories or paths. */
export const reservedAppNames = ['molo', 'www', 'api', 'git', 'registry', 'admin', 'localhost', 'stack', 'toolchain', 'mail'] as const;

/**
 * An app's name is a host label (`myapp.localhost`), a repository and an image name.
 * Two hyphens in a row are kept for `app--environment` addresses.
 */
export const AppName = z
  .string()
  .min(2, 'must have at least 2 characters')
  .max(40, 'must have at most 40 characters')
  .regex(/^[a-z][a-z0-9-]*[a-z0-9]$/, 'must be lower-case letters, digits and hyphens, start with a letter and not end with a hyphen')
  .refine((name) => !name.includes('--'), 'must not have two hyphens in a row')
  .refine((name) => !(reservedAppNames as readonly string[]).includes(name), 'is reserved; take another name');

export const EnvironmentName = z
  .string()
  .min(2, 'must have at least 2 characters')
  .max(20, 'must have at most 20 characters')
  .regex(/^[a-z][a-z0-9-]*[a-z0-9]$/, 'must be lower-case letters, digits and hyphens, start with a letter and not end with a hyphen')
  .refine((name) => !name.includes('--'), 'must not have two hyphens in a row');

export const defaultEnvironment = 'production';

export const ProcessType = z
  .string()
  .max(30, 'must have at most 30 characters')
  .regex(/^[a-z][a-z0-9_-]*$/, 'must be lower-case letters, digits, hyphens and underscores and start with a letter')
  .refine(isNoObjectKey, 'is reserved; take another name');

/** A name that people choose for themselves or for a thing of theirs. It is shown beside others: nothing in it may hide or turn text around. Of the characters that nobody sees, Persian and others need the two joiners, as do emoji. */
export const ChosenName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(100, 'must have at most 100 characters')
  .regex(/^([^\p{Cc}\p{Cf}]|[\u200c\u200d])*$/u, 'must not hold line ends, control characters, or marks that nobody sees or that turn the direction of text around');

/** Names a team in addresses and commands. */
export const TeamName = z
  .string()
  .min(2, 'must have at least 2 characters')
  .max(40, 'must have at most 40 characters')
  .regex(/^[a-z][a-z0-9-]*[a-z0-9]$/, 'must be lower-case letters, digits and hyphens, start with a letter and not end with a hyphen')
  .refine(isNoObjectKey, 'is reserved; take another name');

/** A machine's name, as set-up makes it. */
export const NodeName = z
  .string()
  .max(63, 'must have at most 63 characters')
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'must be lower-case letters, digits, hyphens and dots, and begin and end with a letter or a digit');

export const Email = z.email('must be an e-mail address').max(254);

export const Password = z.string().min(10, 'must have at least 10 characters').max(1024);

/** Keys that Molo sets itself in every instance. */
export const reservedConfigKeys = ['PORT', 'MOLO_APP', 'MOLO_ENVIRONMENT', 'MOLO_RELEASE', 'MOLO_VERSION', 'MOLO_COMMIT', 'MOLO_INSTANCE', 'MOLO_PROCESS'] as const;

export const ConfigKey = z
  .string()
  .max(128, 'must have at most 128 characters')
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be letters, digits and underscores and not start with a digit')
  .refine((key) => !(reservedConfigKeys as readonly string[]).includes(key), 'is set by Molo itself; take another key')
  .refine(isNoObjectKey, 'is reserved; take another key');

export const ConfigValue = z
  .string()
  .max(32_768, 'must have at most 32,768 characters')
  .refine((value) => !value.includes('\0'), 'must not hold a NUL character');

const hostLabel = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
export const DomainName = z
  .string()
  .max(253, 'must have at most 253 characters')
  .transform((host) => host.toLowerCase())
  .refine((host) => new RegExp(`^${hostLabel}(?:\\.${hostLabel})+$`).test(host), 'must be a host name such as shop.example.com');

/** Git keeps a branch as a file, and its lock as another: with `.lock` behind it the name is to fit into the 255 bytes of a file name. */
const mostBranchPartBytes = 250;

export const BranchName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^(?![-/.]|@$|.*(?:\.\.|\/\/|\/\.|@\{|\.lock(?:\/|$)|[/.]$))[^\s\p{C}~^:?*[\]\\]+$/u, 'is not a branch name that git takes')
  .refine((name) => name !== 'HEAD', 'is what git calls the branch at hand; take another name')
  .refine((name) => !name.startsWith('refs/'), 'must be without refs/heads/')
  .refine((name) => name.split('/').every((part) => new TextEncoder().encode(part).length <= mostBranchPartBytes), `must have at most ${mostBranchPartBytes} bytes between two slashes`);

export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hexadecimal digits');
export const GitObjectId = z.string().regex(/^[0-9a-f]{40}$|^[0-9a-f]{64}$/, 'must be a git object id');
export const Id = z.uuid();

/** `constructor` and the like: looked up in any object they find something that nobody put there. */
function isNoObjectKey(name: string): boolean {
  return !(name in Object.prototype);
}
