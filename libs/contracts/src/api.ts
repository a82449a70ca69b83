import { z } from 'zod';
import { endpoint, nothing } from './endpoint.js';
import { DeploymentEvent, InstanceLogLine } from './events.js';
import { AppName, BranchName, ChosenName, ConfigKey, ConfigValue, DomainName, Email, EnvironmentName, Password, ProcessType, TeamName } from './names.js';
import { nodeEndpoints } from './node-endpoints.js';
import { page, PageQuery } from './paging.js';
import { App, AuditEvent, ConfigEntry, Deployment, DeploymentChanges, Domain, EndedAccess, EnvironmentFigures, EnvironmentSummary, Formation, Image, Instance, Invitation, Me, Member, RecoveryCodes, Release, Robot, SecondFactor, SecondFactorSecret, Session, SshKey, Status, Team, Token, User } from './resources.js';
import { TokenRight } from './rights.js';
import { AppRole, Role } from './states.js';

/*
 * The REST API as one table. The server's routes, the OpenAPI document, the typed client, the CLI and the dashboard
 * are all made from it, so that none can say what another does not.
 */

/** Which audit events: those that all of it is true for. */
const AuditFilter = z.object({
  /** What was done to the app or to something of it, also to an earlier one of its name. */
  app: AppName.optional(),
  /** A name as it stands there, or the name, e-mail address or id of a user: then also what they did by their tokens. */
  actor: z.string().trim().min(1).max(254).optional(),
  action: z.string().max(60).regex(/^[a-z][a-z-]*(\.[a-z-]*)?$/, 'must be an action such as app.created, or what stands before its dot, for all of these').optional(),
  /** With all that is below it: `myapp` has `myapp/production`. */
  target: z.string().trim().min(1).max(300).optional(),
  ip: z.union([z.ipv4(), z.ipv6()], 'must be an IP address').optional(),
  since: z.iso.datetime({ offset: true, error: 'must be a time as RFC 3339 has it, such as 2026-01-31T08:00:00Z' }).optional(),
  /** Not at it any more. */
  until: z.iso.datetime({ offset: true, error: 'must be a time as RFC 3339 has it, such as 2026-01-31T08:00:00Z' }).optional(),
  /** Words, or their beginnings, that all stand in who, what, to what, from where, before or after. */
  q: z.string().trim().max(200).regex(/[^\s!-/:-@[-`{-~]/, 'must hold a letter or a digit').optional(),
});

const untilAfterSince = { path: ['until'], message: 'must be later than since' };
function isSpan({ since, until }: z.output<typeof AuditFilter>): boolean {
  return since === undefined || until === undefined || Date.parse(since) < Date.parse(until);
}

const AppParams = z.object({ app: AppName });
const EnvironmentParams = z.object({ app: AppName, environment: EnvironmentName });
const ReleaseParams = EnvironmentParams.extend({ number: z.coerce.number().int().min(1).max(2_147_483_647) });
const DeploymentParams = z.object({ deploymentId: z.uuid() });
const UserParams = z.object({ userId: z.uuid() });
const RobotParams = z.object({ robotId: z.uuid() });
const NewToken = z.strictObject({
  name: ChosenName,
  rights: z.array(TokenRight).min(1).default(['read', 'deploy']),
  /** Limits it to these apps. */
  apps: z.array(AppName).min(1).max(100).optional(),
  expiresInDays: z.number().int().min(1).max(3650).nullable().default(365),
});
const NewlyMadeToken = Token.extend({ token: z.string() });
/** Of the authenticator app, or a recovery code in its place. */
const SecondFactorCode = z.string().trim().min(1).max(50);
/** What whoever approves or declines says to the others. */
const Word = z.string().trim().min(1).max(1000).optional();
const TeamParams = z.object({ team: TeamName });
const invitationDays = z.number().int().min(1).max(30).default(7);
const environmentPath = '/apps/:app/environments/:environment';

export const api = {
  status: endpoint({ method: 'GET', path: '/status', right: 'public', on: 'platform', tag: 'platform', summary: 'Whether the platform and its parts are up', response: Status }),
  claim: endpoint({
    method: 'POST',
    path: '/claim',
    right: 'public',
    on: 'platform',
    tag: 'access',
    summary: 'Claim the platform with the one-time link: makes the first sysadmin and signs them in',
    body: z.strictObject({ token: z.string().min(1).max(200), email: Email, name: ChosenName, password: Password }),
    response: Me,
    status: 201,
  }),
  signIn: endpoint({
    method: 'POST',
    path: '/sessions',
    right: 'public',
    on: 'platform',
    tag: 'access',
    summary: 'Sign in; the session is an httpOnly cookie. Who has a second factor sends a code as well, else the answer is second_factor_required',
    body: z.strictObject({ email: z.string().max(254), password: z.string().max(1024), code: SecondFactorCode.optional() }),
    response: Me,
    status: 201,
  }),
  signOut: endpoint({ method: 'DELETE', path: '/sessions/current', right: 'any', on: 'platform', tag: 'access', summary: 'Sign out', response: nothing, status: 204 }),
  listSessions: endpoint({ method: 'GET', path: '/sessions', right: 'any', on: 'platform', tag: 'access', summary: "The caller's sessions, newest first", query: PageQuery, response: page(Session) }),
  endSession: endpoint({ method: 'DELETE', path: '/sessions/:sessionId', right: 'any', on: 'platform', tag: 'access', summary: "End one of the caller's sessions", params: z.object({ sessionId: z.uuid() }), response: nothing, status: 204 }),
  endOtherSessions: endpoint({ method: 'DELETE', path: '/sessions', right: 'any', on: 'platform', tag: 'access', summary: "End all of the caller's sessions but the one that asks", response: nothing, status: 204 }),
  me: endpoint({ method: 'GET', path: '/me', right: 'any', on: 'platform', tag: 'access', summary: 'Who the caller is', response: Me }),
  updateMe: endpoint({ method: 'PATCH', path: '/me', right: 'any', on: 'platform', tag: 'access', summary: "Change the caller's own name", body: z.strictObject({ name: ChosenName }), response: Me }),
  changePassword: endpoint({
    method: 'PUT',
    path: '/me/password',
    right: 'any',
    on: 'platform',
    tag: 'access',
    summary: "Change the caller's own password, in a session; all their other sessions end, and API tokens and SSH keys where asked",
    body: z.strictObject({ current: z.string().max(1024), password: Password, revokeTokens: z.boolean().default(false), removeKeys: z.boolean().default(false) }),
    response: EndedAccess,
  }),
  getSecondFactor: endpoint({ method: 'GET', path: '/me/second-factor', right: 'any', on: 'platform', tag: 'access', summary: 'Whether the caller signs in with a code besides the password', response: SecondFactor }),
  enrolSecondFactor: endpoint({ method: 'POST', path: '/me/second-factor', right: 'any', on: 'platform', tag: 'access', summary: 'Begin to have a second factor, in a session: answers the secret for an authenticator app. It counts once it is confirmed; until then, another one takes its place', body: z.strictObject({ password: z.string().max(1024) }), response: SecondFactorSecret, status: 201 }),
  confirmSecondFactor: endpoint({ method: 'POST', path: '/me/second-factor/confirm', right: 'any', on: 'platform', tag: 'access', summary: 'Confirm it with a code of the authenticator app, in a session: signing in needs one from then on. Answers ten recovery codes, shown this once', body: z.strictObject({ code: SecondFactorCode }), response: RecoveryCodes }),
  disableSecondFactor: endpoint({ method: 'POST', path: '/me/second-factor/disable', right: 'any', on: 'platform', tag: 'access', summary: 'Sign in with the password alone from now on; its recovery codes end', body: z.strictObject({ password: z.string().max(1024), code: SecondFactorCode }), response: nothing, status: 204 }),
  renewRecoveryCodes: endpoint({ method: 'POST', path: '/me/second-factor/recovery-codes', right: 'any', on: 'platform', tag: 'access', summary: 'Make ten new recovery codes, shown this once; the earlier ones end', body: z.strictObject({ password: z.string().max(1024), code: SecondFactorCode }), response: RecoveryCodes }),
  listTokens: endpoint({ method: 'GET', path: '/tokens', right: 'any', on: 'platform', tag: 'access', summary: "The caller's API tokens", response: page(Token), query: PageQuery }),
  createToken: endpoint({
    method: 'POST',
    path: '/tokens',
    right: 'any',
    on: 'platform',
    tag: 'access',
    summary: 'Make an API token; its text is shown this once',
    body: NewToken,
    response: NewlyMadeToken,
    status: 201,
  }),
  revokeToken: endpoint({ method: 'DELETE', path: '/tokens/:tokenId', right: 'any', on: 'platform', tag: 'access', summary: 'Revoke an API token', params: z.object({ tokenId: z.uuid() }), response: nothing, status: 204 }),
  listSshKeys: endpoint({ method: 'GET', path: '/ssh-keys', right: 'any', on: 'platform', tag: 'access', summary: "The caller's SSH keys", response: page(SshKey), query: PageQuery }),
  addSshKey: endpoint({
    method: 'POST',
    path: '/ssh-keys',
    right: 'any',
    on: 'platform',
    tag: 'access',
    summary: 'Add an SSH public key for git',
    body: z.strictObject({ name: ChosenName, publicKey: z.string().max(16_384) }),
    response: SshKey,
    status: 201,
  }),
  removeSshKey: endpoint({ method: 'DELETE', path: '/ssh-keys/:keyId', right: 'any', on: 'platform', tag: 'access', summary: 'Remove an SSH key', params: z.object({ keyId: z.uuid() }), response: nothing, status: 204 }),

  listUsers: endpoint({ method: 'GET', path: '/users', right: 'read', on: 'platform', tag: 'people', summary: 'Users', query: PageQuery, response: page(User) }),
  inviteUser: endpoint({
    method: 'POST',
    path: '/users',
    right: 'administer',
    on: 'platform',
    tag: 'people',
    summary: 'Invite a user: answers a link, shown this once, by which they choose their password',
    body: z.strictObject({ email: Email, name: ChosenName.optional(), role: Role.default('member'), expiresInDays: invitationDays }),
    response: z.object({ user: User, invitation: Invitation }),
    status: 201,
  }),
  updateUser: endpoint({
    method: 'PATCH',
    path: '/users/:userId',
    right: 'administer',
    on: 'platform',
    tag: 'people',
    summary: 'Change name or role, disable, enable. Who is disabled is refused at once and keeps what they have',
    params: UserParams,
    body: z.strictObject({ name: ChosenName.optional(), role: Role.optional(), disabled: z.boolean().optional() }),
    response: User,
  }),
  removeUser: endpoint({ method: 'DELETE', path: '/users/:userId', right: 'administer', on: 'platform', tag: 'people', summary: 'Remove a user, with their sessions, tokens, SSH keys and roles', params: UserParams, response: nothing, status: 204 }),
  renewInvitation: endpoint({
    method: 'POST',
    path: '/users/:userId/invitation',
    right: 'administer',
    on: 'platform',
    tag: 'people',
    summary: 'Make a new link for a user who has lost theirs, or their password; an earlier one ends. Once followed, their sessions, API tokens and SSH keys end',
    params: UserParams,
    body: z.strictObject({ expiresInDays: invitationDays }),
    response: Invitation,
    status: 201,
  }),
  listUserSessions: endpoint({ method: 'GET', path: '/users/:userId/sessions', right: 'administer', on: 'platform', tag: 'people', summary: 'Sessions of a user', params: UserParams, query: PageQuery, response: page(Session) }),
  endUserSessions: endpoint({ method: 'DELETE', path: '/users/:userId/sessions', right: 'administer', on: 'platform', tag: 'people', summary: 'End all sessions of a user', params: UserParams, response: nothing, status: 204 }),
  removeUserSecondFactor: endpoint({ method: 'DELETE', path: '/users/:userId/second-factor', right: 'administer', on: 'platform', tag: 'people', summary: 'Take the second factor from a user who has lost it: they sign in with the password alone', params: UserParams, response: nothing, status: 204 }),
  acceptInvitation: endpoint({
    method: 'POST',
    path: '/invitations/accept',
    right: 'public',
    on: 'platform',
    tag: 'people',
    summary: 'Choose the password by an invitation link, and sign in. Who has a second factor, and lost the password, sends a code as well',
    body: z.strictObject({ token: z.string().min(1).max(200), name: ChosenName.optional(), password: Password, code: SecondFactorCode.optional() }),
    response: Me,
    status: 201,
  }),
  listTeams: endpoint({ method: 'GET', path: '/teams', right: 'read', on: 'platform', tag: 'people', summary: 'Teams and their users', query: PageQuery, response: page(Team) }),
  createTeam: endpoint({ method: 'POST', path: '/teams', right: 'administer', on: 'platform', tag: 'people', summary: 'Make a team, which can then be given roles on apps', body: z.strictObject({ name: TeamName }), response: Team, status: 201 }),
  updateTeam: endpoint({ method: 'PATCH', path: '/teams/:team', right: 'administer', on: 'platform', tag: 'people', summary: 'Rename a team', params: TeamParams, body: z.strictObject({ name: TeamName }), response: Team }),
  removeTeam: endpoint({ method: 'DELETE', path: '/teams/:team', right: 'administer', on: 'platform', tag: 'people', summary: 'Remove a team; its users lose its roles', params: TeamParams, response: nothing, status: 204 }),
  addTeamUser: endpoint({ method: 'PUT', path: '/teams/:team/users/:userId', right: 'administer', on: 'platform', tag: 'people', summary: 'Add a user to a team', params: TeamParams.extend(UserParams.shape), response: Team }),
  removeTeamUser: endpoint({ method: 'DELETE', path: '/teams/:team/users/:userId', right: 'administer', on: 'platform', tag: 'people', summary: 'Take a user out of a team', params: TeamParams.extend(UserParams.shape), response: nothing, status: 204 }),
  listRobots: endpoint({ method: 'GET', path: '/robots', right: 'administer', on: 'apps', tag: 'people', summary: 'Robots: all of them for sysadmins, those of their apps for the admins of apps', query: PageQuery, response: page(Robot) }),
  createRobot: endpoint({ method: 'POST', path: '/robots', right: 'administer', on: 'platform', tag: 'people', summary: 'Make a robot with a role on the platform', body: z.strictObject({ name: ChosenName, role: Role.default('member') }), response: Robot, status: 201 }),
  createAppRobot: endpoint({ method: 'POST', path: '/apps/:app/robots', right: 'administer', on: 'app', tag: 'people', summary: 'Make a robot of an app, with a role on it', params: AppParams, body: z.strictObject({ name: ChosenName, role: AppRole.default('developer') }), response: Robot, status: 201 }),
  removeRobot: endpoint({ method: 'DELETE', path: '/robots/:robotId', right: 'administer', on: 'robot', tag: 'people', summary: 'Remove a robot, with its tokens and roles', params: RobotParams, response: nothing, status: 204 }),
  listRobotTokens: endpoint({ method: 'GET', path: '/robots/:robotId/tokens', right: 'administer', on: 'robot', tag: 'people', summary: 'API tokens of a robot', params: RobotParams, query: PageQuery, response: page(Token) }),
  createRobotToken: endpoint({ method: 'POST', path: '/robots/:robotId/tokens', right: 'administer', on: 'robot', tag: 'people', summary: 'Make an API token of a robot; its text is shown this once', params: RobotParams, body: NewToken, response: NewlyMadeToken, status: 201 }),
  revokeRobotToken: endpoint({ method: 'DELETE', path: '/robots/:robotId/tokens/:tokenId', right: 'administer', on: 'robot', tag: 'people', summary: 'Revoke an API token of a robot', params: RobotParams.extend({ tokenId: z.uuid() }), response: nothing, status: 204 }),

  listApps: endpoint({ method: 'GET', path: '/apps', right: 'read', on: 'apps', tag: 'apps', summary: 'Apps', query: PageQuery, response: page(App) }),
  createApp: endpoint({
    method: 'POST',
    path: '/apps',
    right: 'deploy',
    on: 'platform',
    tag: 'apps',
    summary: 'Create an app, with its production environment and its git repository',
    body: z.strictObject({ name: AppName, deployBranch: BranchName.default('main') }),
    response: App,
    status: 201,
  }),
  getApp: endpoint({ method: 'GET', path: '/apps/:app', right: 'read', on: 'app', tag: 'apps', summary: 'One app', params: AppParams, response: App }),
  updateApp: endpoint({ method: 'PATCH', path: '/apps/:app', right: 'deploy', on: 'app', tag: 'apps', summary: 'Change the deploying branch', params: AppParams, body: z.strictObject({ deployBranch: BranchName }), response: App }),
  deleteApp: endpoint({ method: 'DELETE', path: '/apps/:app', right: 'administer', on: 'app', tag: 'apps', summary: 'Delete an app: its instances stop and its name is free again', params: AppParams, response: nothing, status: 204 }),
  listMembers: endpoint({ method: 'GET', path: '/apps/:app/members', right: 'read', on: 'app', tag: 'apps', summary: 'Who has a role on the app besides their role on the platform', params: AppParams, query: PageQuery, response: page(Member) }),
  setMember: endpoint({
    method: 'PUT',
    path: '/apps/:app/members',
    right: 'administer',
    on: 'app',
    tag: 'apps',
    summary: 'Give a user, a team or a robot a role on the app; who has one gets this in its place',
    params: AppParams,
    body: z
      .strictObject({ email: z.string().max(254).optional(), team: TeamName.optional(), /** Its name, or its id. */ robot: ChosenName.optional(), role: AppRole })
      .refine(({ email, team, robot }) => [email, team, robot].filter((each) => each !== undefined).length === 1, { path: ['email'], message: 'or team or robot is to be given, one of them' })
      .meta({ oneOf: ['email', 'team', 'robot'].map((name) => ({ required: [name] })) }),
    response: Member,
  }),
  changeMember: endpoint({ method: 'PATCH', path: '/apps/:app/members/:memberId', right: 'administer', on: 'app', tag: 'apps', summary: 'Change the role on the app that somebody has', params: AppParams.extend({ memberId: z.uuid() }), body: z.strictObject({ role: AppRole }), response: Member }),
  removeMember: endpoint({ method: 'DELETE', path: '/apps/:app/members/:memberId', right: 'administer', on: 'app', tag: 'apps', summary: 'Take the role on the app away', params: AppParams.extend({ memberId: z.uuid() }), response: nothing, status: 204 }),

  listEnvironments: endpoint({ method: 'GET', path: '/apps/:app/environments', right: 'read', on: 'app', tag: 'environments', summary: 'Environments of an app, production first', params: AppParams, response: z.object({ items: z.array(EnvironmentSummary) }) }),
  createEnvironment: endpoint({ method: 'POST', path: '/apps/:app/environments', right: 'administer', on: 'app', tag: 'environments', summary: 'Make an environment, with an address, config and formation of its own. Pushes to the branch of its name deploy it', params: AppParams, body: z.strictObject({ name: EnvironmentName }), response: EnvironmentSummary, status: 201 }),
  getEnvironment: endpoint({ method: 'GET', path: environmentPath, right: 'read', on: 'environment', tag: 'environments', summary: 'One environment', params: EnvironmentParams, response: EnvironmentSummary }),
  updateEnvironment: endpoint({ method: 'PATCH', path: environmentPath, right: 'administer', on: 'platform', tag: 'environments', summary: 'Protect an environment, or take the protection away: deployments of whoever is no sysadmin wait there until one approves them', params: EnvironmentParams, body: z.strictObject({ protected: z.boolean() }), response: EnvironmentSummary }),
  removeEnvironment: endpoint({ method: 'DELETE', path: environmentPath, right: 'administer', on: 'environment', tag: 'environments', summary: 'Remove an environment: its instances stop and its name is free again. Production goes with its app alone', params: EnvironmentParams, response: nothing, status: 204 }),

  listReleases: endpoint({ method: 'GET', path: `${environmentPath}/releases`, right: 'read', on: 'environment', tag: 'releases', summary: 'Releases, newest first', params: EnvironmentParams, query: PageQuery, response: page(Release) }),
  getRelease: endpoint({ method: 'GET', path: `${environmentPath}/releases/:number`, right: 'read', on: 'environment', tag: 'releases', summary: 'One release', params: ReleaseParams, response: Release }),

  listDeployments: endpoint({ method: 'GET', path: `${environmentPath}/deployments`, right: 'read', on: 'environment', tag: 'deployments', summary: 'Deployments, newest first', params: EnvironmentParams, query: PageQuery, response: page(Deployment) }),
  rollBack: endpoint({
    method: 'POST',
    path: `${environmentPath}/rollback`,
    right: 'deploy',
    on: 'environment',
    tag: 'deployments',
    summary: 'Make an earlier release live again, image and config both; the one before the live one when none is named',
    params: EnvironmentParams,
    body: z.strictObject({ release: z.number().int().min(1).max(2_147_483_647).optional() }),
    response: Deployment,
    status: 202,
  }),
  promote: endpoint({
    method: 'POST',
    path: `${environmentPath}/promote`,
    right: 'deploy',
    on: 'environment',
    tag: 'deployments',
    summary: 'Deploy the image that is live in another environment of the app, or that of a release of it, without a build; config and formation are those of here',
    params: EnvironmentParams,
    body: z.strictObject({ from: EnvironmentName, release: z.number().int().min(1).max(2_147_483_647).optional() }),
    response: Deployment,
    status: 202,
  }),
  redeploy: endpoint({ method: 'POST', path: `${environmentPath}/redeploy`, right: 'deploy', on: 'environment', tag: 'deployments', summary: 'Deploy the live release again with fresh instances', params: EnvironmentParams, body: z.strictObject({}).optional(), response: Deployment, status: 202 }),
  getDeployment: endpoint({ method: 'GET', path: '/deployments/:deploymentId', right: 'read', on: 'deployment', tag: 'deployments', summary: 'One deployment', params: DeploymentParams, response: Deployment }),
  cancelDeployment: endpoint({ method: 'POST', path: '/deployments/:deploymentId/cancel', right: 'deploy', on: 'deployment', tag: 'deployments', summary: 'Cancel a deployment that has not switched yet', params: DeploymentParams, body: z.strictObject({}).optional(), response: Deployment, status: 202 }),
  listApprovals: endpoint({ method: 'GET', path: '/approvals', right: 'read', on: 'apps', tag: 'deployments', summary: 'Deployments that wait for approval, newest first', query: PageQuery, response: page(Deployment) }),
  getDeploymentChanges: endpoint({ method: 'GET', path: '/deployments/:deploymentId/changes', right: 'read', on: 'deployment', tag: 'deployments', summary: 'What a deployment that waits for approval would change: image, commits, config, formation', params: DeploymentParams, response: DeploymentChanges }),
  approveDeployment: endpoint({ method: 'POST', path: '/deployments/:deploymentId/approve', right: 'administer', on: 'platform', tag: 'deployments', summary: 'Approve a deployment that waits, with a word for the others. With the version of its changes it is approved only while it would still change the same', params: DeploymentParams, body: z.strictObject({ word: Word, version: z.string().max(64).optional() }), response: Deployment, status: 202 }),
  declineDeployment: endpoint({ method: 'POST', path: '/deployments/:deploymentId/decline', right: 'administer', on: 'platform', tag: 'deployments', summary: 'Decline a deployment that waits, with a word for the others: it is cancelled', params: DeploymentParams, body: z.strictObject({ word: Word }), response: Deployment }),
  followDeployment: endpoint({ method: 'GET', path: '/deployments/:deploymentId/events', right: 'read', on: 'deployment', tag: 'deployments', summary: 'Journal and log of a deployment as one stream; ends with the deployment', params: DeploymentParams, response: DeploymentEvent, produces: 'event-stream' }),

  getConfig: endpoint({ method: 'GET', path: `${environmentPath}/config`, right: 'read', on: 'environment', tag: 'config', summary: 'Config of an environment; secret values are not shown', params: EnvironmentParams, response: z.object({ items: z.array(ConfigEntry) }) }),
  updateConfig: endpoint({
    method: 'PATCH',
    path: `${environmentPath}/config`,
    right: 'deploy',
    on: 'environment',
    tag: 'config',
    summary: 'Set and unset config; where a release is live this makes and deploys a new one, without a build',
    params: EnvironmentParams,
    body: z.strictObject({
      set: z.record(ConfigKey, ConfigValue).default({}),
      unset: z.array(ConfigKey).default([]),
      /** The values of `set` are secrets: never shown again. */
      secret: z.boolean().default(false),
    }),
    response: z.object({ items: z.array(ConfigEntry), deployment: Deployment.nullable() }),
  }),
  getFormation: endpoint({ method: 'GET', path: `${environmentPath}/formation`, right: 'read', on: 'environment', tag: 'formation', summary: 'How many instances of each process type', params: EnvironmentParams, response: Formation }),
  scale: endpoint({ method: 'PATCH', path: `${environmentPath}/formation`, right: 'deploy', on: 'environment', tag: 'formation', summary: 'Scale process types', params: EnvironmentParams, body: Formation, response: z.object({ formation: Formation, deployment: Deployment.nullable() }), status: 202 }),
  listDomains: endpoint({ method: 'GET', path: `${environmentPath}/domains`, right: 'read', on: 'environment', tag: 'domains', summary: 'Domains of an environment', params: EnvironmentParams, response: z.object({ items: z.array(Domain) }) }),
  addDomain: endpoint({ method: 'POST', path: `${environmentPath}/domains`, right: 'deploy', on: 'environment', tag: 'domains', summary: 'Route a domain to an environment', params: EnvironmentParams, body: z.strictObject({ host: DomainName }), response: Domain, status: 201 }),
  removeDomain: endpoint({ method: 'DELETE', path: `${environmentPath}/domains/:host`, right: 'deploy', on: 'environment', tag: 'domains', summary: 'Remove a domain', params: EnvironmentParams.extend({ host: DomainName }), response: nothing, status: 204 }),
  listInstances: endpoint({ method: 'GET', path: `${environmentPath}/instances`, right: 'read', on: 'environment', tag: 'instances', summary: 'Instances, wanted and observed', params: EnvironmentParams, response: z.object({ items: z.array(Instance) }) }),
  readLogs: endpoint({
    method: 'GET',
    path: `${environmentPath}/logs`,
    right: 'read',
    on: 'environment',
    tag: 'instances',
    summary: "The instances' log; with follow it goes on",
    params: EnvironmentParams,
    query: z.object({
      process: ProcessType.optional(),
      lines: z.coerce.number().int().min(0).max(10_000).default(100),
      follow: z.stringbool().default(false),
    }),
    response: InstanceLogLine,
    produces: 'event-stream',
  }),
  getFigures: endpoint({ method: 'GET', path: `${environmentPath}/figures`, right: 'read', on: 'environment', tag: 'instances', summary: 'Requests of an environment, counted by the ingress', params: EnvironmentParams, response: EnvironmentFigures }),

  ...nodeEndpoints,
  listImages: endpoint({ method: 'GET', path: '/apps/:app/images', right: 'read', on: 'app', tag: 'apps', summary: 'Images of an app with their layers', params: AppParams, query: PageQuery, response: page(Image) }),
  listAudit: endpoint({ method: 'GET', path: '/audit', right: 'administer', on: 'apps', tag: 'platform', summary: 'Who did what, newest first: all of it for sysadmins, what was done to their apps for the admins of apps', query: PageQuery.extend(AuditFilter.shape).refine(isSpan, untilAfterSince), response: page(AuditEvent) }),
  exportAudit: endpoint({ method: 'GET', path: '/audit/export', right: 'administer', on: 'apps', tag: 'platform', summary: 'The same as one file, JSON Lines or CSV. One that breaks off is not whole', query: AuditFilter.extend({ format: z.enum(['jsonl', 'csv']).default('jsonl') }).refine(isSpan, untilAfterSince), response: AuditEvent, produces: 'download' }),
} as const;

export type Api = typeof api;
export type EndpointName = keyof Api;
/** What every path of the table stands behind. */
export const apiPrefix = '/api/v1';
