import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { shellWord } from './shell-word';

describe('a word of a shown command', () => {
  it('stands as it is where a shell takes it so', () => {
    expect(shellWord('ada+ops@example.com')).toBe('ada+ops@example.com');
  });

  it.each(["Ada's robot", '$(reboot)', 'a`b`', '', '-n; ls', '林徽因', 'back\\slash "quoted"'])('reaches the program as it is: %j', (text) => {
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text);
  });
});
