import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Token, User } from '@molo/contracts';
import { afterEach, describe, expect, test } from 'vitest';
import { Bed } from '../testing/bed.js';
import { main } from '../testing/molo.js';
import type { Answers } from '../testing/stand-in-platform.js';
import { TerminalSession } from '../testing/terminal-session.js';
import { app } from '../testing/things.js';
import { shells as printed } from './shells.js';

/** Shows the words of its command, and that it ran; the mark itself stands in no line that is typed. */
const show = "printf '\\036%s' \"$@\"; echo '=do''ne='";

/** Each waits at the prompt `ready> `; m is another name of molo. */
const shells = {
  bash: { command: 'bash --rcfile start -i', file: 'start', start: `PS1='ready> '; m() { molo "$@"; }; complete -F _molo m; show() { ${show}; }` },
  zsh: {
    // Tab completes and no more: what zsh has there would first expand what is typed, and so run a $(command), for any program.
    command: 'zsh -d -i',
    file: '.zshrc',
    start: `PROMPT='ready> '; bindkey -e; bindkey '^I' complete-word; setopt nobeep; unset zle_bracketed_paste; alias m=molo; show() { ${show}; }
      zle -C all complete-word _generic; bindkey '^[*' all
      zstyle ':completion:all::::' completer _all_matches _complete; zstyle ':completion:all:*' insert true`,
  },
  fish: {
    command: 'fish --init-command "source start" -i',
    file: 'start',
    start: `function fish_prompt; echo -n 'ready> '; end; alias m=molo; function show; printf '\\036%s' $argv; echo '=do''ne='; end`,
  },
} as const;
type ShellName = keyof typeof shells;
const [tab, insertAll, toStart, eraseLine, interrupt] = ['\t', '\u001b*', '\u0001', '\u0015', '\u0003'];

const bed = new Bed();
let terminal: TerminalSession | undefined;
afterEach(async () => {
  await terminal?.close();
  terminal = undefined;
});

function isInstalled(shell: string): boolean {
  try {
    return execFileSync(shell, ['-c', 'echo here']).toString() === 'here\n';
  } catch {
    return false;
  }
}

/** Opens a shell that has read the script of `molo completion`, or one that runs `lines` when it starts. */
async function open(shell: ShellName, lines = [...(shell === 'zsh' ? ['autoload -Uz compinit; compinit -u -D'] : []), 'source ./script']): Promise<void> {
  const { path } = bed.home;
  await makeMolo();
  // Fish would read all manuals of the machine at its first start.
  await mkdir(join(path, '.local/share/fish/generated_completions'), { recursive: true });
  await writeFile(join(path, 'script'), (await bed.home.molo(['completion', shell])).stdout);
  await writeFile(join(path, shells[shell].file), ['stty cols 500', shells[shell].start, ...lines, ''].join('\n'));
  terminal = new TerminalSession(shells[shell].command, environment(), path);
  await terminal.until('ready> ');
}

/** The molo that the shell finds; it leaves a trace of each call. */
async function makeMolo(): Promise<void> {
  const { path } = bed.home;
  await mkdir(join(path, 'bin'), { recursive: true });
  await writeFile(join(path, 'bin/molo'), `#!/bin/sh\necho called >> '${path}/calls'\nexec '${process.execPath}' '${main}' "$@"\n`);
  await chmod(join(path, 'bin/molo'), 0o755);
}

function environment(): Record<string, string> {
  const { path } = bed.home;
  return { HOME: path, ZDOTDIR: path, MOLO_HOME: path, MOLO_APP: 'myapp', HISTFILE: '', PATH: `${path}/bin:${process.env['PATH'] ?? ''}` };
}

/** Holds the words that the shell reads, in whatever order, in a line in which it was told to complete at the end. */
async function completes(line: string, key: string, expected: readonly string[]): Promise<void> {
  let words: readonly string[] = [];
  // On a busy machine the values do not come within their second; whoever waits for them presses Tab again.
  for (let presses = 0; presses < 6 && !isDeepStrictEqual(words, expected.toSorted()); presses++) words = (await wordsOf(line, key)).toSorted();
  expect(words, line).toEqual(expected.toSorted());
}

async function wordsOf(line: string, key: string): Promise<string[]> {
  const shown = await outputOf(`${line}${key}${toStart}show \n`);
  return shown.slice(shown.indexOf('\u001e') + 1, -'=done='.length).split('\u001e');
}

/** What stands on the terminal from the first key on to the end of the command; nothing where it is none. */
async function outputOf(keys: string): Promise<string> {
  if (!terminal) throw new Error('No shell is open.');
  terminal.type(keys);
  try {
    const output = await terminal.until('=done=', 5000);
    await terminal.until('ready> ');
    return output;
  } catch {
    // A quote that no Tab closed leaves the shell waiting for more.
    terminal.forget();
    terminal.type(interrupt);
    await terminal.until('ready> ');
    return '';
  }
}

const token = (name: string): Token => ({ id: app.id, name, rights: ['read'], apps: null, createdAt: app.createdAt, expiresAt: null, lastUsedAt: null });
const user: User = { id: app.id, email: 'ada@example.com', name: 'Ada', role: 'developer', state: 'active', createdAt: app.createdAt, lastSeenAt: null, secondFactor: false };

const oddNames = ['$(touch ran)', '`touch ran`', 'x;touch ran', "it's", 'say "hi"', 'one two', 'a=b c', 'c:d', 'e@f.g', 'bang!!', '$HOME', '~', '*', '{1,2}', '#hash', 'back\\slash', '%F{red}', '[q]', 'clé 鍵', '(par)', '<in>out', '&'];
/** Nobody could type these, or molo would take them for options. */
const unfitNames = ['new\nline', '\u001b[31mred', 'turn\u202eed', '\u0007bell', '--yes', '-y'];
/** The beginning of each as somebody types it. */
const oddlyTyped = [
  ["'$(to", '$(touch ran)'],
  ["'`to", '`touch ran`'],
  ["'say ", 'say "hi"'],
  ['"say ', 'say "hi"'],
  ['one\\ t', 'one two'],
  ['a=b', 'a=b c'],
  ['e@', 'e@f.g'],
  ['"ban', 'bang!!'],
  ['cl', 'clé 鍵'],
] as const;
const tokens = (...names: string[]): Answers => ({ listTokens: () => ({ items: names.map(token), nextCursor: null }) });

describe.each(['bash', 'zsh', 'fish'] as const)('in %s', (shell) => {
  const inShell = (name: string, run: () => Promise<void>) =>
    test(name, async ({ skip }) => {
      skip(!isInstalled(shell), `${shell} is not installed here`);
      await run();
    });

  inShell('completes commands, options and their values, quoted or not, and by another name of molo', async () => {
    await bed.serve({ listApps: () => ({ items: [app, { ...app, name: 'other' }], nextCursor: null }) });
    await open(shell);
    await completes('molo rob', tab, ['molo', 'robots']);
    await completes('molo apps del', tab, ['molo', 'apps', 'delete']);
    await completes('molo apps delete ot', tab, ['molo', 'apps', 'delete', 'other']);
    await completes('molo "apps" delete \'ot', tab, ['molo', 'apps', 'delete', 'other']);
    await completes('molo ps --ap', tab, ['molo', 'ps', '--app']);
    await completes('molo ps --app=ot', tab, ['molo', 'ps', '--app=other']);
    await completes('molo ps --app ot', tab, ['molo', 'ps', '--app', 'other']);
    await completes('molo apps delete -- ot', tab, ['molo', 'apps', 'delete', '--', 'other']);
    await completes('m completion b', tab, ['m', 'completion', 'bash']);
  });

  inShell('completes files where a file is meant, and leaves the end of KEY= open', async () => {
    await bed.serve({ getConfig: () => ({ items: [{ key: 'GREETING', secret: false, value: 'hello', updatedAt: app.createdAt }] }) });
    await writeFile(join(bed.home.path, 'my key.pub'), '');
    await open(shell);
    await completes('molo keys add my', tab, ['molo', 'keys', 'add', 'my key.pub']);
    await completes('molo config set GR', `${tab}hi`, ['molo', 'config', 'set', 'GREETING=hi']);
    if (shell === 'bash') await completes('molo config set --secret X < my', tab, ['molo', 'config', 'set', '--secret', 'X']);
  });

  inShell('is set up as the help says, for one session', async () => {
    await open(shell, shell === 'zsh' ? ['autoload -Uz compinit; compinit -u -D'] : []);
    expect(await wordsOf('molo rob', tab)).toEqual(['molo', 'rob']);
    await outputOf(`${printed[shell].once}; show\n`);
    await completes('molo rob', tab, ['molo', 'robots']);
  });

  inShell('is set up as the help says, for good', async () => {
    await makeMolo();
    const { forGood } = printed[shell];
    const atStart = shell === 'zsh' ? forGood.indexOf('# in ~/.zshrc, before any compinit that is there:') : forGood.length;
    execFileSync(shell, ['-c', forGood.slice(0, atStart).join('\n')], { env: environment() });
    await open(shell, shell === 'bash' ? ['source ~/.bashrc'] : forGood.slice(atStart));
    await completes('molo rob', tab, ['molo', 'robots']);
  });

  inShell('asks nothing before Tab is pressed', async () => {
    await open(shell);
    expect(existsSync(join(bed.home.path, 'calls'))).toBe(false);
    await wordsOf('molo rob', tab);
    expect(existsSync(join(bed.home.path, 'calls'))).toBe(true);
  });

  inShell('takes names as they are, whatever they hold, and runs nothing', async () => {
    await bed.serve(tokens(...oddNames, ...unfitNames));
    await open(shell);
    for (const [typed, name] of oddlyTyped) await completes(`molo tokens revoke ${typed}`, tab, ['molo', 'tokens', 'revoke', name]);
    // Fish has no key that takes all.
    if (shell !== 'fish') await completes('molo tokens revoke ', insertAll, ['molo', 'tokens', 'revoke', ...oddNames]);
    expect(existsSync(join(bed.home.path, 'ran'))).toBe(false);
  });

  inShell('runs nothing of a line that is being typed', async () => {
    await bed.serve(tokens('$(touch ran)'));
    await open(shell);
    for (const typed of ['"$(touch ran)" ', '`touch ran` ', '$(touch ran', '"`touch ran', '; touch ran ', 'tokens revoke $(', '--app="$(touch ran)']) {
      await wordsOf(`molo ${typed}`, `${tab}${eraseLine}`);
      expect(existsSync(join(bed.home.path, 'ran')), typed).toBe(false);
    }
  });

  inShell('shows nothing that would do something to the terminal', async () => {
    const users = ['eve@example.com', 'eva@example.com'].map((email) => ({ ...user, email, name: 'Eve \u001b[35mred\u001b]0;title\u0007\n\u202e%F{red}$(touch ran)' }));
    await bed.serve({ listUsers: () => ({ items: users, nextCursor: null }) });
    await open(shell);
    // On a terminal that can no more than this one, fish lists nothing at Tab.
    terminal?.type(shell === 'fish' ? "complete -C 'molo users sessions '\n" : `molo users sessions ${tab}${tab}${tab}`);
    const shown = `${await terminal?.until('eva@example.com')}${await terminal?.until('ready> ')}`;
    expect(shown).toContain('eve@example.com');
    // Bash shows the words alone.
    if (shell !== 'bash') expect(shown).toContain('Eve red');
    for (const harmful of ['\u001b[35m', '\u001b]', '\u202e']) expect(shown).not.toContain(harmful);
  });

  inShell('stays silent where no platform is', async () => {
    await open(shell);
    const output = await outputOf(`molo apps delete ${tab}${toStart}show \n`);
    expect(output).toContain('\u001emolo\u001eapps\u001edelete=done=');
    expect(output).not.toMatch(/error|socket|login|platform/i);
  });
});
