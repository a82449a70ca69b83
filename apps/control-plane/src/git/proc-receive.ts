import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { defaultEnvironment } from '@molo/contracts';
import { DataSource } from 'typeorm';
import { mayOnApp } from '../access/rights.js';
import { AuditService } from '../audit/audit.service.js';
import type { HookConnection } from './hook-connection.js';
import { flush, packet, packets } from './pkt-line.js';
import { type Deploying, DeployingBranches } from './deploying-branches.js';
import { type DeployingPush, PushDeployment } from './push-deployment.js';
import { complaint, detail } from './push-narrative.js';
import type { Push } from './pushes.js';
import { areInTheWay, isZero, type RefUpdate, type Verdict } from './ref-update.js';

/** Refs that one audit event names. */
const mostRecorded = 100;

interface Request {
  readonly atomic: boolean;
  readonly updates: readonly RefUpdate[];
}

/** The server's end of git's proc-receive protocol (githooks): decides what becomes of each ref of a push. */
@Injectable()
export class ProcReceive {
  constructor(
    private readonly branches: DeployingBranches,
    private readonly deployment: PushDeployment,
    private readonly dataSource: DataSource,
    private readonly audit: AuditService,
  ) {}

  async answer(push: Push, input: Readable, connection: HookConnection, closing: AbortSignal): Promise<void> {
    const request = await readRequest(input, connection);
    const verdicts = await this.#judge(push, request.updates, connection, closing);
    const refused = verdicts.some((verdict) => verdict.kind === 'refused');
    const final = request.atomic && refused ? verdicts.map(refusedWithTheOthers) : verdicts;
    await this.#record(push, request.updates.filter((_, index) => final[index]?.kind === 'stored'));
    await connection.answer(Buffer.concat([...request.updates.flatMap((update, index) => reportOf(update, final[index] ?? { kind: 'stored' })), flush]));
  }

  async #judge(push: Push, updates: readonly RefUpdate[], connection: HookConnection, closing: AbortSignal): Promise<Verdict[]> {
    const now = await push.who();
    if (!now || !mayOnApp(now, 'deploy', push.app.name)) return updates.map(() => ({ kind: 'refused', reason: 'you may not push here any more' }));
    const branches = await this.branches.of(push.app, updates);
    const verdicts: Verdict[] = [];
    for (const update of updates) {
      const deploying = branches.get(update.ref);
      verdicts.push(deploying ? await this.#judgeDeploying({ push, update, updates, connection, closing, deploying }) : judgeOther(update, branches));
    }
    const stored = updates.filter((update, index) => verdicts[index]?.kind === 'stored' && update.ref.startsWith('refs/heads/') && !isZero(update.newId));
    if (stored.length > 0) await connection.say(storedLines(push.app.name, [...branches.values()], stored));
    return verdicts;
  }

  /** Git moves these refs itself, as soon as it has the answer: the event comes before, so that none moves without it. */
  async #record({ app, caller }: Push, stored: readonly RefUpdate[]): Promise<void> {
    if (stored.length === 0) return;
    const named = stored.slice(0, mostRecorded);
    const at = (id: (update: RefUpdate) => string) => Object.fromEntries(named.map((update) => [update.ref, isZero(id(update)) ? null : id(update)]));
    const entry = { action: 'refs.pushed', target: app.name, appId: app.id, before: at(({ oldId }) => oldId), after: at(({ newId }) => newId) };
    await this.audit.record(this.dataSource.manager, caller, entry);
  }

  async #judgeDeploying(push: DeployingPush): Promise<Verdict> {
    const { update, connection, deploying, push: { app } } = push;
    if (!isZero(update.newId)) return this.deployment.run(push);
    if (!deploying.isLive) return { kind: 'stored' };
    const way = deploying.environment === defaultEnvironment ? `To delete the app: molo apps delete ${app.name}` : `To remove the environment: molo environments remove ${deploying.environment} --app ${app.name}`;
    await connection.say(complaint(`${deploying.branch} is the branch that deploys and stays. ${way}`));
    return { kind: 'refused', reason: 'the deploying branch cannot be deleted' };
  }
}

/** Branches, tags and notes are kept; what else a repository holds (`git push --mirror`) is its own. */
function judgeOther({ ref, newId }: RefUpdate, branches: ReadonlyMap<string, Deploying>): Verdict {
  if (!/^refs\/(?:heads|tags|notes)\//.test(ref)) return { kind: 'refused', reason: 'only branches, tags and notes are kept here' };
  const [, blocked] = [...branches].find(([deploying]) => !isZero(newId) && areInTheWay(ref, deploying)) ?? [];
  if (blocked) return { kind: 'refused', reason: `its name is in the way of ${blocked.branch}, the branch that deploys; take another` };
  return { kind: 'stored' };
}

async function readRequest(input: Readable, connection: HookConnection): Promise<Request> {
  const lines = packets(input);
  const [greeting] = await group(lines);
  const [version, features = ''] = greeting?.toString().trim().split('\0') ?? [];
  if (version !== 'version=1') throw new Error(`git speaks proc-receive ${version ?? 'not at all'}, which is not known here`);
  const hasOptions = features.split(' ').includes('push-options');
  await connection.answer(Buffer.concat([packet(`version=1${hasOptions ? '\0push-options' : ''}\n`), flush]));
  const updates = (await group(lines)).map(parseUpdate);
  if (hasOptions) await group(lines);
  return { atomic: features.split(' ').includes('atomic'), updates };
}

/** The packets up to the next flush. */
async function group(lines: AsyncGenerator<Buffer | null, void>): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for (;;) {
    const next = await lines.next();
    if (next.done) throw new Error('git ended before it had said all');
    if (next.value === null) return found;
    found.push(next.value);
  }
}

function parseUpdate(line: Buffer): RefUpdate {
  const afterOld = line.indexOf(' ');
  const afterNew = line.indexOf(' ', afterOld + 1);
  const end = line.at(-1) === 0x0a ? line.length - 1 : line.length;
  const refBytes = line.subarray(afterNew + 1, end);
  return { oldId: line.toString('latin1', 0, afterOld), newId: line.toString('latin1', afterOld + 1, afterNew), refBytes, ref: refBytes.toString('utf8') };
}

function reportOf({ refBytes }: RefUpdate, verdict: Verdict): Buffer[] {
  if (verdict.kind === 'refused') return [packet(Buffer.concat([Buffer.from('ng '), refBytes, Buffer.from(` ${verdict.reason}\n`)]))];
  const ok = packet(Buffer.concat([Buffer.from('ok '), refBytes, Buffer.from('\n')]));
  // So git takes the push for done, and does not believe that the branch has moved.
  if (verdict.kind === 'waiting') return [ok, packet(`option refname ${verdict.as}\n`)];
  return verdict.kind === 'stored' ? [ok, packet('option fall-through\n')] : [ok];
}

/** All or nothing: in an atomic push one refusal refuses all. What was deployed already is live all the same. */
function refusedWithTheOthers(verdict: Verdict): Verdict {
  return verdict.kind === 'refused' ? verdict : { kind: 'refused', reason: 'atomic push: another ref was refused' };
}

function storedLines(app: string, deploying: readonly Deploying[], stored: readonly RefUpdate[]): string[] {
  const names = stored.map((update) => update.ref.slice('refs/heads/'.length)).join(', ');
  const branches = deploying.map(({ branch }) => branch);
  const who = branches.length === 1 ? `${branches[0]} deploys` : `${branches.slice(0, -1).join(', ')} and ${branches.at(-1)} deploy`;
  return detail(`${names}: stored, not deployed. Only ${who}; to change that: molo apps set-branch ${stored.length === 1 ? names : 'BRANCH'} --app ${app}`);
}
