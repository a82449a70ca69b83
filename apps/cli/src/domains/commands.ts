import type { Command } from 'commander';
import { aboutEnvironment, asJson, confirmed, examples, runs, runsAlone } from '../action.js';
import { offers } from '../completion/offers.js';

export function addDomainCommands(program: Command): void {
  const domains = examples(
    asJson(aboutEnvironment(program.command('domains')))
      .description('list domains; also: add, remove')
      .allowExcessArguments()
      .action(runsAlone(async () => (await import('./domains.js')).listDomains)),
    'molo domains --app myapp',
    'molo domains add shop.example.com --app myapp',
  );
  examples(
    asJson(aboutEnvironment(domains.command('list'))).description('list domains').action(runs(async () => (await import('./domains.js')).listDomains)),
    'molo domains list --app myapp --json',
  );
  examples(
    asJson(aboutEnvironment(domains.command('add <host>')))
      .description('route a domain to the environment')
      .action(runs(async () => (await import('./domains.js')).addDomain)),
    'molo domains add shop.example.com --app myapp',
  );
  examples(
    confirmed(asJson(aboutEnvironment(offers(domains.command('remove <host>'), { host: 'addedDomains' }))))
      .description('remove a domain')
      .action(runs(async () => (await import('./domains.js')).removeDomain)),
    'molo domains remove shop.example.com --app myapp',
  );
}
