import { type Command, Option } from 'commander';
import { aboutEnvironment, asJson, confirmed, examples, runs } from '../action.js';
import { offers } from '../completion/offers.js';

export function addApprovalCommands(program: Command): void {
  examples(
    asJson(program.command('approvals'))
      .description('list deployments that wait for approval')
      .action(runs(async () => (await import('./approvals.js')).listApprovals)),
    'molo approvals',
  );
  examples(
    asJson(aboutEnvironment(offers(program.command('changes [deployment]'), { deployment: 'awaitingApproval' })))
      .summary('show what a deployment that waits for approval would change')
      .description('Show what a deployment that waits for approval would change of what is live: commits, image, config and formation.\nWith no deployment named, the one that waits in the environment.')
      .action(runs(async () => (await import('./approvals.js')).showChanges)),
    'molo changes --app myapp',
  );
  examples(
    decided(confirmed(offers(program.command('approve [deployment]'), { deployment: 'awaitingApproval' })))
      .summary('approve a deployment that waits, as a sysadmin')
      .description('Show what a deployment that waits would change, and approve it. With no deployment named, the one that waits in the\nenvironment. It is approved only while it would still change what was shown.')
      .action(runs(async () => (await import('./approvals.js')).approve)),
    'molo approve --app myapp',
    'molo approve 0198c2a4-8f9e-7cc1-9d6e-0b1f4a5d2c3e --word "Looks good" --yes',
  );
  examples(
    decided(offers(program.command('decline [deployment]'), { deployment: 'awaitingApproval' }))
      .description('decline a deployment that waits, as a sysadmin: it is cancelled')
      .action(runs(async () => (await import('./approvals.js')).decline)),
    'molo decline --app myapp --word "Not before the holidays"',
  );
}

function decided(command: Command): Command {
  return asJson(aboutEnvironment(command)).addOption(new Option('-w, --word <text>', 'what to say to the others, in the journal and the audit'));
}
