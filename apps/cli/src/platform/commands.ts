import { type Command, Option } from 'commander';
import { aboutApp, asJson, examples, runs } from '../action.js';
import { takes } from '../completion/offers.js';
import { instant, listLimit } from '../arguments.js';

export function addPlatformCommands(program: Command): void {
  examples(
    asJson(program.command('status'))
      .description('show whether the platform and its parts are up')
      .action(runs(async () => (await import('./platform.js')).status)),
    'molo status && echo up',
  );
  examples(
    asJson(aboutApp(program.command('images')))
      .description('list images of an app, newest first')
      .option('-n, --limit <number>', 'how many', listLimit, 20)
      .action(runs(async () => (await import('./platform.js')).listImages)),
    'molo images --app myapp --limit 5',
  );
  examples(
    asJson(program.command('doctor'))
      .summary('check this machine and the way to the platform, and say what to mend')
      .description("Check this machine and the way to the platform, and say what to mend: who is signed in, versions, clocks, git and\nthe remote of this folder. On the platform's own machine also its services, ports, engine, disk, memory and\ncertificates. Ends with 7 where there is a problem; warnings alone end with 0.")
      .action(runs(async () => (await import('../doctor/doctor.js')).doctor)),
    'molo doctor',
    'molo doctor --json',
  );
  addAudit(program);
}

function addAudit(program: Command): void {
  examples(
    asJson(program.command('audit'))
      .summary('list or export who did what, newest first')
      .description('List who did what, newest first. An event is listed where all that is asked for is true of it. With --export all\nof them go to stdout, however many, as one file for other programs. Times are such as 2026-01-31,\n2026-01-31T08:00:00Z, or how long ago: 30m, 12h, 7d.')
      .addOption(takes(new Option('-a, --app <name>', 'what was done to this app alone'), 'apps'))
      .addOption(takes(new Option('--actor <who>', 'by whom: a name, or the e-mail address of a user, then also what they did by tokens'), 'users'))
      .option('--action <action>', 'what was done, such as app.created, or app. for all that is done to apps')
      .addOption(takes(new Option('--target <name>', 'to what, such as myapp/production; myapp takes its environments along'), 'targets'))
      .option('--ip <address>', 'from where')
      .option('--since <time>', 'from this time on', instant)
      .option('--until <time>', 'before this time', instant)
      .option('-s, --search <words>', 'words, or their beginnings, that all stand somewhere in it')
      .addOption(new Option('-n, --limit <number>', 'how many').argParser(listLimit).default(50).conflicts('export'))
      .addOption(new Option('--export <format>', 'write all of them to stdout').choices(['jsonl', 'csv']))
      .action(runs(async () => (await import('./audit.js')).audit)),
    'molo audit --limit 10',
    'molo audit --app myapp --action config. --since 7d',
    'molo audit --actor ada@example.com --search DATABASE_URL',
    'molo audit --since 2026-01-01 --until 2026-02-01 --export csv > january.csv',
  );
}
