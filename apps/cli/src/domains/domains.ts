import type { Cli, CommonOptions } from '../cli.js';
import { confirm } from '../terminal/ask.js';
import { ago } from '../terminal/measures.js';
import { line } from '../terminal/piece.js';

export async function listDomains(cli: Cli): Promise<void> {
  const params = await cli.target();
  const { items } = await (await cli.client()).listDomains({ params });
  if (cli.isJson) return cli.terminal.json(items);
  if (items.length === 0) return cli.terminal.note(line`${params.environment} of ${params.app} has no domains. Add one with: molo domains add shop.example.com`);
  cli.terminal.table(items, [
    { title: 'DOMAIN', value: (domain) => domain.host },
    { title: 'KIND', value: (domain) => (domain.builtIn ? 'built in' : 'added') },
    { title: 'SINCE', value: (domain) => ago(domain.createdAt) },
  ]);
}

export async function addDomain(cli: Cli, _options: CommonOptions, host: string): Promise<void> {
  const params = await cli.target();
  const domain = await (await cli.client()).addDomain({ params, body: { host } });
  if (cli.isJson) return cli.terminal.json(domain);
  cli.terminal.say(line`${domain.host} leads to ${params.environment} of ${params.app}. Let its DNS record point to this platform.`);
}

export async function removeDomain(cli: Cli, options: CommonOptions, host: string): Promise<void> {
  const params = await cli.target();
  await confirm(cli.terminal, `${host} will no longer lead to ${params.environment} of ${params.app}.`, 'yes', options.yes);
  await (await cli.client()).removeDomain({ params: { ...params, host } });
  if (cli.isJson) return cli.terminal.json({ removed: host });
  cli.terminal.say(line`Removed ${host}.`);
}
