import { AppError, type Instance } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { settle } from '../deployments/follow.js';
import { ago, memory } from '../terminal/measures.js';
import { green, line, type Piece, red } from '../terminal/piece.js';
import { stateOf } from '../terminal/states.js';

export async function listInstances(cli: Cli): Promise<void> {
  const params = await cli.target();
  const { items } = await (await cli.client()).listInstances({ params });
  if (cli.isJson) return cli.terminal.json(items);
  if (items.length === 0) return cli.terminal.note(line`${params.environment} of ${params.app} has no instances. Deploy with molo deploy, or scale with molo scale web=1.`);
  cli.terminal.table(items, [
    { title: 'INSTANCE', value: (instance) => instance.name },
    { title: 'RELEASE', value: (instance) => `v${instance.release}` },
    { title: 'VERSION', value: (instance) => instance.version },
    { title: 'STATE', value: (instance) => stateOf(instance.observed) },
    { title: 'SERVES', value: (instance): Piece => (instance.serving ? green('yes') : 'no') },
    { title: 'RESTARTS', align: 'right', value: (instance) => instance.restarts },
    { title: 'MEMORY', align: 'right', value: memoryOf },
    { title: 'NODE', value: (instance) => instance.node },
    { title: 'STARTED', value: (instance) => instance.startedAt && ago(instance.startedAt) },
  ]);
  for (const instance of items) tellTrouble(cli, instance);
}

function memoryOf(instance: Instance): string {
  return `${instance.memoryBytes === null ? '-' : memory(instance.memoryBytes)} / ${memory(instance.memoryLimitBytes)}`;
}

function tellTrouble(cli: Cli, instance: Instance): void {
  if (instance.failure) cli.terminal.say(line`${red(instance.name)}  ${instance.failure.detail}`);
  else if (instance.outOfMemory) cli.terminal.say(line`${red(instance.name)}  was killed for using more than its ${memory(instance.memoryLimitBytes)} of memory`);
}

interface ScaleOptions extends CommonOptions {
  readonly detach?: boolean;
}

export async function scale(cli: Cli, options: ScaleOptions, wishes: string[]): Promise<number> {
  const params = await cli.target();
  const client = await cli.client();
  if (wishes.length === 0) {
    show(cli, await client.getFormation({ params }));
    return 0;
  }
  const { formation, deployment } = await client.scale({ params, body: Object.fromEntries(wishes.map(readWish)) });
  if (deployment) return settle(cli, deployment, options.detach);
  show(cli, formation);
  return 0;
}

function show(cli: Cli, formation: Record<string, number>): void {
  if (cli.isJson) return cli.terminal.json(formation);
  const types = Object.entries(formation);
  if (types.length === 0) return cli.terminal.note(line`There are no process types yet: the first release brings them.`);
  cli.terminal.say(line`${types.map(([type, instances]) => `${type}=${instances}`).join(' ')}`);
}

function readWish(wish: string): [string, number] {
  const [, type, instances] = /^([^=]+)=(\d{1,3})$/.exec(wish) ?? [];
  if (type === undefined) throw new AppError('invalid_input', { detail: `${JSON.stringify(wish)} is not like web=2: a process type, = and how many instances.` });
  return [type, Number(instances)];
}
