import type { Argument, Command, Option } from 'commander';
import { describe, expect, test } from 'vitest';
import { makeProgram } from '../program.js';
import { candidatesFor } from './candidates.js';
import { offerOf, offers } from './offers.js';

/** What is offered at the end of a line, values by their kind; the words are split at spaces. */
async function offered(line: string): Promise<readonly string[] | 'files'> {
  const words = line.split(' ');
  const found = await candidatesFor(makeProgram(), words.slice(0, -1), words.at(-1) ?? '', async (kind) => [{ word: `<${kind}>`, about: '' }]);
  return found === 'files' ? found : found.map(({ word }) => word);
}

test.each([
  ['apps ', ['list', 'create', 'info', 'delete', 'set-branch']],
  ['completion ', ['bash', 'zsh', 'fish']],
  ['help ', ['<commands>']],
  ['apps delete ', ['<apps>']],
  ['apps create ', []],
  ['keys add ', 'files'],
  ['keys add - ', ['--json', '--name', '--help', '-h']],
  ['config get ', ['<configKeys>']],
  ['config set A=1 ', ['<assignments>']],
  ['scale web=2 ', ['<scales>']],
  ['rollback ', ['<releases>']],
  ['rollback v3 ', ['--app', '-a', '--env', '-e', '--json', '--detach', '-d', '--help', '-h']],
  ['users set-role ', ['<users>']],
  ['users set-role ada@example.com ', ['sysadmin', 'developer', 'viewer', 'member']],
  ['teams add-user crew ', ['<users>']],
  ['teams remove-user crew ', ['<teamUsers>']],
  ['teams rename crew ', []],
  ['robots revoke-token ci ', ['<robotTokens>']],
  ['nowhere ', []],
  ['apps nowhere ', []],
])('after "molo %s" stand %j', async (line, expected) => {
  expect(await offered(line)).toEqual(expected);
});

describe('options', () => {
  test.each([
    ['url -', ['--app', '-a', '--env', '-e', '--json', '--help', '-h']],
    // Those that are there already are not offered again, however they were written.
    ['url -a x --json -', ['--env', '-e', '--help', '-h']],
    ['url --app=x -', ['--env', '-e', '--json', '--help', '-h']],
    ['url -ax -', ['--env', '-e', '--json', '--help', '-h']],
    // Those of the group hold for its subcommands as well.
    ['apps create --', ['--branch', '--ssh', '--no-remote', '--json', '--help', '-h']],
    ['-', ['--version', '-V', '--help', '-h']],
    ['login --token ', []],
    ['accept --password ', ['-']],
  ])('molo %s', async (line, expected) => {
    const found = await offered(line);
    expect(found === 'files' ? found : found.toSorted()).toEqual(expected.toSorted());
  });

  test.each([
    ['ps --app ', ['<apps>']],
    ['ps -a ', ['<apps>']],
    ['ps --app=', ['--app=<apps>']],
    ['ps --app=my', ['--app=<apps>']],
    ['ps -amy', ['-a<apps>']],
    ['logs -fa ', ['<apps>']],
    ['logs -famy', ['-fa<apps>']],
    ['logs -n ', []],
    ['logs -n 5 -p ', ['<processTypes>']],
    ['logs --process=', ['--process=<processTypes>']],
    ['members add --role ', ['admin', 'developer', 'viewer']],
    ['members add --role=', ['--role=admin', '--role=developer', '--role=viewer']],
    // An option that owes its value takes whatever comes.
    ['ps --app -', ['<apps>']],
    ['ps --app --json ', ['--env', '-e', '--json', '--help', '-h']],
    ['config --app x get ', ['<configKeys>']],
    ['audit --export ', ['jsonl', 'csv']],
    ['tokens create ci --rights ', ['read', 'deploy', 'administer']],
    ['tokens create ci --rights read ', ['deploy', 'administer']],
    ['tokens create ci --rights read --apps ', ['<apps>']],
  ])('values: molo %s', async (line, expected) => {
    expect(await offered(line)).toEqual(expected);
  });

  test('after -- nothing is one', async () => {
    expect(await offered('apps delete -- ')).toEqual(['<apps>']);
    expect(await offered('apps delete -- -')).toEqual(['<apps>']);
    expect(await offered('apps delete -- x ')).toEqual([]);
    expect(await offered('-- apps del')).toContain('delete');
  });
});

test('a name that begins like an option is offered after -- and as the value of an option, where it is none', async () => {
  const dashed = (words: string[]) => candidatesFor(makeProgram(), words, '', async () => [{ word: '-y', about: '' }]);
  expect(await dashed(['tokens', 'revoke'])).toEqual([]);
  expect(await dashed(['tokens', 'revoke', '--'])).toEqual([{ word: '-y', about: '' }]);
  expect(await dashed(['ps', '--app'])).toEqual([{ word: '-y', about: '' }]);
});

test('what was named already is not named again', async () => {
  const keys = (words: string[]) => candidatesFor(makeProgram(), words, '', async () => ['A', 'B', 'A='].map((word) => ({ word, about: '' })));
  expect(await keys(['config', 'unset', 'A'])).toEqual([{ word: 'B', about: '' }, { word: 'A=', about: '' }]);
  expect(await keys(['config', 'set', 'A=1'])).toEqual([{ word: 'A', about: '' }, { word: 'B', about: '' }]);
});

test('another name of a command counts as the command', async () => {
  const program = makeProgram();
  program.commands.find((command) => command.name() === 'rollback')?.alias('back');
  expect(await candidatesFor(program, ['back'], '', async (kind) => [{ word: kind, about: '' }])).toEqual([{ word: 'releases', about: '' }]);
});

describe('the tree of commands', () => {
  test('shows each command and option that its help shows, and no hidden one', async () => {
    expect(await offered('')).toEqual(makeProgram().createHelp().visibleCommands(makeProgram()).map((command) => command.name()));
    expect(await offered('')).not.toContain('git-credential');
    expect(await offered('')).not.toContain('complete');
  });

  test('has values for whatever is named in more than one place', () => {
    const free = takers(makeProgram()).filter((taker) => offerOf(taker) === undefined && taker.argChoices === undefined);
    const named = new Set(['app', 'env', 'team', 'robot', 'member', 'key', 'token', 'session', 'release', 'deployment']);
    // `login --token` takes the token itself.
    expect(free.filter((taker) => named.has(taker.name())).map((taker) => taker.description)).toEqual(['keep this token; - reads it from stdin']);
  });

  test('refuses to offer values for what is not there', () => {
    expect(() => offers(makeProgram(), { nobody: 'apps' })).toThrow('has no nobody');
  });
});

function takers(command: Command): (Argument | Option)[] {
  return [...command.registeredArguments, ...command.options.filter((option) => option.required), ...command.commands.flatMap(takers)];
}
