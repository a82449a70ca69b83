import type { Invitation, Role, User } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { readPages } from '../pages.js';
import { confirm } from '../terminal/ask.js';
import { ago } from '../terminal/measures.js';
import { bold, green, line, type Piece, red, yellow } from '../terminal/piece.js';
import { showSessions } from '../access/sessions.js';
import { findUser } from './find-user.js';

export async function listUsers(cli: Cli): Promise<void> {
  const client = await cli.client();
  const users = await readPages((query) => client.listUsers({ query }));
  if (cli.isJson) return cli.terminal.json(users);
  if (users.length === 0) return cli.terminal.note(line`There are no users yet. Invite the first with: molo users invite ada@example.com`);
  cli.terminal.table(users, [
    { title: 'E-MAIL', value: (user) => user.email },
    { title: 'ROLE', value: (user) => user.role },
    { title: 'STATE', value: (user) => stateOf(user) },
    { title: 'SINCE', value: (user) => ago(user.createdAt) },
    { title: 'LAST SEEN', value: (user) => (user.lastSeenAt === null ? null : ago(user.lastSeenAt)) },
    { title: 'SECOND FACTOR', value: (user) => (user.secondFactor === true ? 'yes' : null) },
    { title: 'NAME', value: (user) => user.name },
  ]);
}

function stateOf({ state }: User): Piece {
  if (state === 'active') return green(state);
  return state === 'disabled' ? red(state) : yellow(state);
}

interface InviteOptions extends CommonOptions {
  readonly role?: Role;
  readonly name?: string;
  readonly expires?: number;
  readonly again?: boolean;
}

/** The link alone goes to stdout; whoever invites hands it on. */
export async function inviteUser(cli: Cli, options: InviteOptions, email: string): Promise<void> {
  const client = await cli.client();
  const days = options.expires === undefined ? {} : { expiresInDays: options.expires };
  if (options.again) {
    const user = await findUser(client, email);
    const invitation = await client.renewInvitation({ params: { userId: user.id }, body: days });
    return tellLink(cli, user, invitation, 'chooses a new password');
  }
  const { user, invitation } = await client.inviteUser({ body: { email, ...days, ...(options.role === undefined ? {} : { role: options.role }), ...(options.name === undefined ? {} : { name: options.name }) } });
  return tellLink(cli, user, invitation, `becomes ${user.role}`);
}

function tellLink(cli: Cli, user: User, invitation: Invitation, what: string): void {
  if (cli.isJson) return cli.terminal.json({ user, invitation });
  cli.terminal.note(line`${user.email} ${what} by following this link, once, until ${invitation.expiresAt.slice(0, 10)}. Molo sends no mail: hand it on. It is shown this once:`);
  cli.terminal.say(line`${invitation.link}`);
}

export async function setRole(cli: Cli, _options: CommonOptions, named: string, role: Role): Promise<void> {
  const user = await change(cli, named, { role });
  if (cli.isJson) return cli.terminal.json(user);
  cli.terminal.say(line`${bold(user.email)} is ${user.role} from now on.`);
}

export async function renameUser(cli: Cli, _options: CommonOptions, named: string, name: string): Promise<void> {
  const user = await change(cli, named, { name });
  if (cli.isJson) return cli.terminal.json(user);
  cli.terminal.say(line`${bold(user.email)} is called ${user.name} from now on.`);
}

export async function disableUser(cli: Cli, options: CommonOptions, named: string): Promise<void> {
  await confirm(cli.terminal, `${named} is signed out, and refused however they come, until they are enabled.`, 'yes', options.yes);
  const user = await change(cli, named, { disabled: true });
  if (cli.isJson) return cli.terminal.json(user);
  cli.terminal.say(line`Disabled ${user.email}.`);
}

export async function enableUser(cli: Cli, _options: CommonOptions, named: string): Promise<void> {
  const user = await change(cli, named, { disabled: false });
  if (cli.isJson) return cli.terminal.json(user);
  cli.terminal.say(line`Enabled ${user.email}. Their tokens and SSH keys work again; in browsers they sign in anew.`);
}

async function change(cli: Cli, named: string, body: { role?: Role; name?: string; disabled?: boolean }): Promise<User> {
  const client = await cli.client();
  const { id } = await findUser(client, named);
  return await client.updateUser({ params: { userId: id }, body });
}

export async function removeUser(cli: Cli, options: CommonOptions, named: string): Promise<void> {
  const client = await cli.client();
  const user = await findUser(client, named);
  await confirm(cli.terminal, `Removing ${user.email} removes their tokens, SSH keys and roles. What they did stays in the audit. To keep them: molo users disable`, user.email, options.yes);
  await client.removeUser({ params: { userId: user.id } });
  if (cli.isJson) return cli.terminal.json({ removed: user.id });
  cli.terminal.say(line`Removed ${user.email}.`);
}

export async function listUserSessions(cli: Cli, _options: CommonOptions, named: string): Promise<void> {
  const client = await cli.client();
  const { id } = await findUser(client, named);
  showSessions(cli, await readPages((query) => client.listUserSessions({ params: { userId: id }, query })));
}

export async function signOutUser(cli: Cli, options: CommonOptions, named: string): Promise<void> {
  const client = await cli.client();
  const user = await findUser(client, named);
  await confirm(cli.terminal, `All sessions of ${user.email} end. Their tokens and SSH keys stay: molo users disable stops those too.`, 'yes', options.yes);
  await client.endUserSessions({ params: { userId: user.id } });
  if (cli.isJson) return cli.terminal.json({ signedOut: user.id });
  cli.terminal.say(line`Signed ${user.email} out everywhere.`);
}

export async function removeSecondFactor(cli: Cli, options: CommonOptions, named: string): Promise<void> {
  const client = await cli.client();
  const user = await findUser(client, named);
  await confirm(cli.terminal, `${user.email} signs in with the password alone from then on. Make sure that it is them who ask.`, 'yes', options.yes);
  await client.removeUserSecondFactor({ params: { userId: user.id } });
  if (cli.isJson) return cli.terminal.json({ removedSecondFactor: user.id });
  cli.terminal.say(line`${user.email} signs in with the password alone. They can have a new second factor at once: molo second-factor enable`);
}
