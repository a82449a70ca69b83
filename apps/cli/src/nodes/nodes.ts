import { setTimeout as pause } from 'node:timers/promises';
import type { MoloClient } from '@molo/client';
import { AppError, type Deployment, isFinal, type Node, NodeName } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { exitCodes } from '../exit-codes.js';
import { readPages } from '../pages.js';
import { confirm } from '../terminal/ask.js';
import { ago, bytes, count, memory } from '../terminal/measures.js';
import { bold, green, line, type Piece, red, yellow } from '../terminal/piece.js';

const lookEveryMs = 500;

export async function listNodes(cli: Cli): Promise<void> {
  const client = await cli.client();
  const items = await readPages((query) => client.listNodes({ query }));
  if (cli.isJson) return cli.terminal.json(items);
  if (items.length === 0) return cli.terminal.note(line`There are no nodes yet. The agent of this machine becomes the first; npm run status shows whether it runs.`);
  cli.terminal.table(items, [
    { title: 'NODE', value: (node) => node.name },
    { title: 'STATE', value: stateOfNode },
    { title: 'INSTANCES', align: 'right', value: (node) => node.instances },
    { title: 'CPUS', align: 'right', value: (node) => node.cpus },
    { title: 'MEMORY', align: 'right', value: (node) => share(node.memoryUsedBytes, node.memoryBytes, memory) },
    { title: 'DISK', align: 'right', value: (node) => share(node.diskUsedBytes, node.diskBytes, bytes) },
    { title: 'ENGINE', value: (node) => node.engineVersion },
    { title: 'ROLES', value: (node) => node.roles.join(', ') },
  ]);
}

function stateOfNode(node: Node): Piece {
  if (!node.online) return red(node.lastSeenAt === null ? 'never seen' : `last seen ${ago(node.lastSeenAt)}`);
  if (node.availability === 'active') return green('online');
  return yellow(node.availability === 'draining' && node.instances === 0 ? 'drained' : node.availability);
}

function share(used: number | null, all: number | null, measure: (count: number) => string): string | null {
  return used === null || all === null ? null : `${measure(used)} / ${measure(all)}`;
}

export async function cordon(cli: Cli, _options: CommonOptions, name: string): Promise<void> {
  const node = await (await cli.client()).cordonNode({ params: { node: checkNode(name) } });
  if (cli.isJson) return cli.terminal.json(node);
  cli.terminal.say(line`${bold(node.name)} is given no new instances. It keeps ${count(node.instances, 'instance')}; move them with: molo nodes drain ${node.name}`);
}

export async function uncordon(cli: Cli, _options: CommonOptions, name: string): Promise<void> {
  const node = await (await cli.client()).uncordonNode({ params: { node: checkNode(name) } });
  if (cli.isJson) return cli.terminal.json(node);
  cli.terminal.say(line`${bold(node.name)} is given new instances again. What was moved away stays where it is until it is deployed again.`);
}

export async function drain(cli: Cli, options: CommonOptions, name: string): Promise<number> {
  const client = await cli.client();
  const begun = await client.drainNode({ params: { node: checkNode(name) } });
  const { deployments, node } = options.detach ? begun : { deployments: await untilOver(cli, client, begun.deployments), node: await untilEmpty(client, begun.node) };
  const failed = deployments.filter(({ failure }) => failure !== null);
  if (cli.isJson) cli.terminal.json({ node, deployments });
  else if (options.detach) cli.terminal.say(line`${bold(name)} is being drained: ${count(deployments.length, 'deployment')} move ${count(node.instances, 'instance')}. See how far it is with: molo nodes`);
  else if (node.instances === 0) cli.terminal.say(line`${bold(name)} is drained. Remove it with: molo nodes remove ${name}. Have it take instances again with: molo nodes uncordon ${name}`);
  else cli.terminal.note(line`${red(`${count(node.instances, 'instance')} could not be moved.`)} Mend what is told above, then run: molo nodes drain ${name}`);
  return failed.length > 0 ? exitCodes.failed.code : exitCodes.ok.code;
}

/** Tells of each as it ends. */
async function untilOver(cli: Cli, client: MoloClient, begun: readonly Deployment[]): Promise<Deployment[]> {
  const over: Deployment[] = [];
  for (const { id } of begun) {
    let deployment = await client.getDeployment({ params: { deploymentId: id } });
    while (!isFinal(deployment.state)) {
      await pause(lookEveryMs);
      deployment = await client.getDeployment({ params: { deploymentId: id } });
    }
    const place = `${deployment.app}, ${deployment.environment}`;
    if (deployment.failure) cli.terminal.note(line`${red(place)}: ${deployment.failure.detail}`);
    else if (!cli.isJson) cli.terminal.say(line`${place}: moved`);
    over.push(deployment);
  }
  return over;
}

/** The last of them may still end; what stays for longer is not about to go. */
async function untilEmpty(client: MoloClient, { name }: Node): Promise<Node> {
  for (let looks = 0; ; looks += 1) {
    const node = await client.getNode({ params: { node: name } });
    if (node.instances === 0 || looks === 10) return node;
    await pause(lookEveryMs);
  }
}

export async function remove(cli: Cli, options: CommonOptions, name: string): Promise<void> {
  await confirm(cli.terminal, `${checkNode(name)} is no node of this platform any more.`, name, options.yes);
  await (await cli.client()).removeNode({ params: { node: name } });
  if (cli.isJson) return cli.terminal.json({ removed: name });
  cli.terminal.say(line`Removed the node ${name}. Stop what is left there, on that machine: npm stop -- --all`);
}

/** What cannot be a name is told at once, and never reaches an address. */
function checkNode(name: string): string {
  const parsed = NodeName.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new AppError('invalid_input', { detail: `${JSON.stringify(name)} is not the name of a node: it ${parsed.error.issues[0]?.message ?? 'is not valid'}.` });
}
