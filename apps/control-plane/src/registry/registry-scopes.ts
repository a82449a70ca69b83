import type { Caller } from '../access/caller.js';
import { mayOnApp } from '../access/rights.js';
import type { RegistryAccess } from './registry-tokens.js';

/** Who asks for a token: a person or program with an API token, a node, or a node for one app's build. */
export type RegistryCaller =
  | { readonly kind: 'caller'; readonly caller: Caller }
  | { readonly kind: 'node'; readonly nodeId: string }
  | { readonly kind: 'build'; readonly nodeId: string; readonly app: string };

const repositoryActions = ['pull', 'push'] as const;
/** More scopes than any client asks for at once. */
const mostScopes = 20;

/** Scopes as clients write them: `repository:myapp:pull,push`, several of them separated by spaces. */
export function parseScopes(scopes: readonly string[]): RegistryAccess[] {
  return scopes
    .flatMap((scope) => scope.split(' '))
    .filter(Boolean)
    .slice(0, mostScopes)
    .flatMap((scope) => {
      const [, type, name, actions] = /^([a-z]+):([^\s]+):([a-z,*]+)$/.exec(scope) ?? [];
      return type === undefined || name === undefined || actions === undefined ? [] : [{ type, name, actions: actions.split(',') }];
    });
}

/**
 * What of the asked is granted. Less than asked is no error: the registry then refuses what the token does not hold.
 * @param appExists whether a repository is that of an app
 */
export function grant(asked: RegistryAccess, who: RegistryCaller, appExists: boolean): RegistryAccess {
  const allowed = asked.type === 'repository' ? actionsOn(asked.name, who, appExists) : registryActions(asked, who);
  return { ...asked, actions: asked.actions.includes('*') && allowed.includes('*') ? ['*'] : allowed.filter((action) => asked.actions.includes(action)) };
}

/** Nodes also keep repositories that are no app's: the stacks. A Dockerfile names what it likes: its build sees its own app's images alone. */
function actionsOn(name: string, who: RegistryCaller, appExists: boolean): readonly string[] {
  if (who.kind === 'node') return repositoryActions;
  if (who.kind === 'build') return name === who.app ? ['pull'] : [];
  if (!appExists) return [];
  if (mayOnApp(who.caller, 'deploy', name)) return repositoryActions;
  return mayOnApp(who.caller, 'read', name) ? ['pull'] : [];
}

function registryActions({ type, name }: RegistryAccess, who: RegistryCaller): readonly string[] {
  return type === 'registry' && name === 'catalog' && who.kind === 'caller' && who.caller.rights.includes('administer') ? ['*'] : [];
}
