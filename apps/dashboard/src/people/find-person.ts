import type { Robot, User } from '@molo/contracts';

/** Whom somebody means who types an e-mail address, whatever its case, or the name of a robot of the platform: their id. */
export function findPerson(typed: string, users: readonly User[], robots: readonly Robot[]): string | undefined {
  const named = typed.trim().toLowerCase();
  const user = users.find(({ email }) => email.toLowerCase() === named);
  return (user ?? robots.find(({ name, app }) => app === null && name.toLowerCase() === named))?.id;
}

/** The users whose name, e-mail address, role, state or teams hold each word that was typed; `second factor` finds those who have one. */
export function usersMatching(typed: string, users: readonly User[], teams: ReadonlyMap<string, readonly string[]>): readonly User[] {
  const words = typed.toLowerCase().split(/\s+/).filter((word) => word !== '');
  return users.filter(({ id, name, email, role, state, secondFactor }) => {
    const held = [name, email, role, state, secondFactor === true ? 'second factor' : '', ...(teams.get(id) ?? [])].join('\n').toLowerCase();
    return words.every((word) => held.includes(word));
  });
}

/** The teams that each user is in, by the user's id. */
export function teamsByUser(teams: readonly { readonly name: string; readonly users: readonly { readonly id: string }[] }[]): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const { name, users } of teams) for (const { id } of users) names.set(id, [...(names.get(id) ?? []), name]);
  return names;
}
