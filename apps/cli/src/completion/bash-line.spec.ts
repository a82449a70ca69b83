import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { quote, readLine, replacements } from './bash-line.js';

const odd = ['$(touch ran)', '`id`', "it's", 'say "hi"', 'one two', 'a=b', 'c:d', 'bang!!', '$HOME', '~', '*', '?', '{1,2}', '#hash', 'back\\slash', '[q]', 'clé 鍵', '(par)', '<>|&;', '-x', 'tab\tbed', "'", '"', "''", '""', '\\', '!'];

describe('a line is read as bash reads it', () => {
  test.each([
    ['molo apps delete my', ['molo', 'apps', 'delete'], 'my', ''],
    ['molo apps delete ', ['molo', 'apps', 'delete'], '', ''],
    ['molo "a b" \'c d\' e\\ f g"h i"j ', ['molo', 'a b', 'c d', 'e f', 'gh ij'], '', ''],
    ['molo ps --app=my', ['molo', 'ps'], '--app=my', ''],
    ['molo x "my t', ['molo', 'x'], 'my t', '"'],
    ["molo x 'it\\", ['molo', 'x'], 'it\\', "'"],
    ['molo x "\\$a \\b \\"', ['molo', 'x'], '$a \\b "', '"'],
    ["molo x 'it\\' b", ['molo', 'x', 'it\\'], 'b', ''],
    ['molo x "" ', ['molo', 'x', ''], '', ''],
    ['molo x $HOME ~ ', ['molo', 'x', '$HOME', '~'], '', ''],
    ['molo a 2> err b > out c', ['molo', 'a', 'b'], 'c', ''],
    ['molo a \\\n b', ['molo', 'a'], 'b', ''],
  ] as const)('%j', (text, words, current, openQuote) => {
    expect(readLine(text)).toMatchObject({ words, current, openQuote, isRedirected: false });
  });

  test('the file of a redirection is told apart', () => {
    expect(readLine('molo config set X < my')).toMatchObject({ words: ['molo', 'config', 'set', 'X'], current: 'my', isRedirected: true });
    expect(readLine('molo config set X <')).toMatchObject({ current: '', isRedirected: true });
  });

  test.each(['molo $(molo a', 'molo "$(molo a', 'molo `a', 'molo a; b', 'molo a | b', 'molo (a', 'molo a &'])('%j holds another command, about which nothing is said', (text) => {
    expect(readLine(text)).toBeUndefined();
    expect(replacements(text, '', ['a'])).toEqual([]);
  });

  test.each(["'$(a) `b` ; | (", '\\$\\(a \\`b \\; \\| \\('])('what is quoted is no command: %j', (text) => {
    expect(readLine(`molo ${text}`)).toBeDefined();
  });
});

describe('what is quoted', () => {
  test('is read back by bash as it was, in no quotes and in either', () => {
    const script = odd.flatMap((text) => (['', '"', "'"] as const).map((open) => `printf '%s\\0' ${open}${quote(text, open)}${open}\n`)).join('');
    const read = execFileSync('bash', ['-c', script]).toString().split('\0').slice(0, -1);
    expect(read).toEqual(odd.flatMap((text) => [text, text, text]));
  });

  test('holds no sign that fetches from the history', () => {
    for (const open of ['', '"'] as const) expect(quote('a!b', open)).toMatch(/^a(\\!|"'!'")b$/);
  });
});

describe('what readline is to put in', () => {
  test.each([
    // [line, what it replaces, candidates, expected]
    ['molo ps --app=my', 'my', ['--app=myapp', '--app=other'], ['myapp']],
    ['molo users rename ada@ex', '@ex', ['ada@example.com', 'eve@example.com'], ['@example.com']],
    ['molo x a:b', 'b', ['a:bc'], ['bc']],
    ['molo x "my t', 'my t', ['my token'], ['my token']],
    ['molo x my\\ t', 'my\\ t', ['my token'], ['my\\ token']],
    ['molo x --app="my', 'my', ['--app=myapp'], ['myapp']],
    ['molo x ', '', ['a b', 'c'], ['a\\ b', 'c']],
    // Readline takes a last quotation mark for the closing one.
    ['molo x "say', 'say', ['say "hi"'], ['say \\"hi\\""']],
    // What does not end the line is nothing that can be replaced.
    ['molo x my', 'your', ['my', 'your'], []],
  ])('%j', (line, replaced, candidates, expected) => {
    expect(replacements(line, replaced, candidates)).toEqual(expected);
  });
});
