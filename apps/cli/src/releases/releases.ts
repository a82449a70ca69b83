import { AppError, type Release } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { receiptLine } from '../deployments/follow.js';
import { readPages } from '../pages.js';
import { ago, bytes } from '../terminal/measures.js';
import { green, type Line, line, type Piece } from '../terminal/piece.js';
import { stateOf } from '../terminal/states.js';

interface ListOptions extends CommonOptions {
  readonly limit: number;
}

export async function listReleases(cli: Cli, options: ListOptions): Promise<void> {
  const client = await cli.client();
  const params = await cli.target();
  const releases = await readPages((query) => client.listReleases({ params, query }), options.limit);
  if (cli.isJson) return cli.terminal.json(releases);
  if (releases.length === 0) return cli.terminal.note(line`${params.environment} of ${params.app} has no release yet. Make the first with: molo deploy`);
  cli.terminal.table(releases, [
    { title: 'RELEASE', value: (release) => `v${release.number}` },
    { title: 'VERSION', value: (release) => release.version },
    { title: 'STATE', value: stateOfRelease },
    { title: 'REASON', value: (release) => release.reason },
    { title: 'BY', value: (release) => release.createdBy.name },
    { title: 'WHEN', value: (release) => ago(release.createdAt) },
    { title: 'REQUESTS', align: 'right', value: (release) => release.deployment?.receipt?.requests ?? null },
    { title: 'FAILED', align: 'right', value: (release) => release.deployment?.receipt?.failed ?? null },
    { title: 'COMMIT', value: (release) => release.commit && `${release.commit.id.slice(0, 10)} ${release.commit.subject}` },
  ]);
}

function stateOfRelease(release: Release): Piece | null {
  if (release.live) return green('live');
  return release.deployment && stateOf(release.deployment.state);
}

/** The release that is named, or the live one. */
export async function showRelease(cli: Cli, _options: CommonOptions, number: number | undefined): Promise<void> {
  const target = await cli.target();
  const release = await (await cli.client()).getRelease({ params: { ...target, number: number ?? (await liveRelease(cli, target)) } });
  if (cli.isJson) return cli.terminal.json(release);
  const say = (text: Line) => cli.terminal.say(text);
  say(line`Release   v${release.number} of ${release.app}, ${release.environment}`);
  say(line`Version   ${release.version ?? '-'}`);
  say(line`State     ${stateOfRelease(release) ?? '-'}`);
  say(line`Made      ${ago(release.createdAt)} by ${release.createdBy.name} (${release.reason})`);
  if (release.commit) say(line`Commit    ${release.commit.id.slice(0, 10)} ${release.commit.subject} (${release.commit.author})`);
  say(line`Image     ${release.image.reference} (${bytes(release.image.bytes)})`);
  say(line`Scale     ${Object.entries(release.formation).map(([type, instances]) => `${type}=${instances}`).join(' ')}`);
  say(line`Config    ${release.configKeys.join(', ') || '-'}`);
  if (release.deployment) say(line`Deployed  ${release.deployment.id}`);
  if (release.deployment?.receipt) say(line`Receipt   ${receiptLine(release.deployment.receipt)}`);
  say(line``);
  showLayers(cli, release);
}

function showLayers(cli: Cli, release: Release): void {
  cli.terminal.table(release.image.layers, [
    { title: 'LAYER', value: (layer) => layer.kind },
    { title: 'SIZE', align: 'right', value: (layer) => bytes(layer.bytes) },
    { title: 'MOVED', value: (layer) => (layer.moved ? 'yes' : 'no') },
    { title: 'DIGEST', value: (layer) => layer.digest },
  ]);
}

async function liveRelease(cli: Cli, target: { app: string; environment: string }): Promise<number> {
  const { environments } = await (await cli.client()).getApp({ params: { app: target.app } });
  const live = environments.find(({ name }) => name === target.environment)?.liveRelease;
  if (!live) throw new AppError('not_found', { detail: `No release of ${target.app} is live in ${target.environment}. molo releases lists those that there are.` });
  return live.number;
}
