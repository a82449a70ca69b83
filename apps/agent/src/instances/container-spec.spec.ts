import { describe, expect, it } from 'vitest';
import { shellScript } from './container-spec.js';

describe('shellScript', () => {
  it.each(['node server.js', 'npm start', 'gunicorn app:app --bind 0.0.0.0:$PORT', './bin/start "two words"', 'node server.js > /tmp/log'])('lets a program take the place of the shell: %s', (command) => {
    expect(shellScript(command)).toBe(`exec ${command}`);
  });
  it.each(['cd web && node server.js', 'FOO=bar node server.js', 'node a.js; node b.js', 'cat x | node', 'export A=1', 'exec node server.js', 'for i in 1 2; do echo $i; done', 'node $(cat main)'])(
    'lets the shell wait where it is needed: %s',
    (command) => {
      expect(shellScript(command)).toBe(`trap : TERM; ${command}`);
    },
  );
});
