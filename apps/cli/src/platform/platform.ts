import type { Image } from '@molo/contracts';
import type { Cli, CommonOptions } from '../cli.js';
import { exitCodes } from '../exit-codes.js';
import { readPages } from '../pages.js';
import { ago, bytes } from '../terminal/measures.js';
import { green, line, type Piece, red } from '../terminal/piece.js';

interface ListOptions extends CommonOptions {
  readonly limit: number;
}

/** Whether the platform is up; the exit code says it too. */
export async function status(cli: Cli): Promise<number> {
  const platform = await (await cli.client()).status();
  const isUp = platform.parts.every((part) => part.up);
  if (cli.isJson) cli.terminal.json(platform);
  else {
    cli.terminal.say(line`Molo ${platform.version} at ${(await cli.route()).address}${platform.claimed ? '' : ', not claimed yet'}`);
    cli.terminal.table(platform.parts, [
      { title: 'PART', value: (part) => part.name },
      { title: 'STATE', value: (part): Piece => (part.up ? green('up') : red('down')) },
      { title: 'DETAIL', value: (part) => part.detail },
    ]);
  }
  return isUp ? exitCodes.ok.code : exitCodes.unavailable.code;
}

export async function listImages(cli: Cli, options: ListOptions): Promise<void> {
  const client = await cli.client();
  const params = { app: await cli.app() };
  const images = await readPages((query) => client.listImages({ params, query }), options.limit);
  if (cli.isJson) return cli.terminal.json(images);
  if (images.length === 0) return cli.terminal.note(line`${params.app} has no images yet. Make the first with: molo deploy`);
  cli.terminal.table(images, [
    { title: 'MADE', value: (image) => ago(image.createdAt) },
    { title: 'SIZE', align: 'right', value: (image) => bytes(image.bytes) },
    { title: 'MOVED', align: 'right', value: (image) => bytes(image.layers.reduce((sum, layer) => sum + (layer.moved ? layer.bytes : 0), 0)) },
    { title: 'RELEASES', value: (image) => releasesOf(image) },
    { title: 'REFERENCE', value: (image) => image.reference },
  ]);
}

function releasesOf({ releases }: Image): string | null {
  const newest = releases.toSorted((one, other) => other.number - one.number)[0];
  if (!newest) return null;
  return `${newest.environment} v${newest.number}${releases.length > 1 ? ` and ${releases.length - 1} more` : ''}`;
}
