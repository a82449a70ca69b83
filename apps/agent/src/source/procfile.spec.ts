import { AppError } from '@molo/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProcfile } from './procfile.js';

describe('Procfile', () => {
  it('gives process types and commands, whatever the line ends and comments', () => {
    const parsed = parseProcfile('# processes\r\nweb: node server.js --url http://a:1/\r\n\r\nworker:  node worker.js  \n');
    expect([...parsed]).toEqual([
      ['web', 'node server.js --url http://a:1/'],
      ['worker', 'node worker.js'],
    ]);
  });

  it.each([
    ['web node server.js', 'Procfile:1:1'],
    ['web: a\nweb: b', 'Procfile:2:1'],
    ['web: a\n../x: b', 'Procfile:2:1'],
    ['web:', 'Procfile:1:1'],
    ['web: a\nworker: b\0c', 'Procfile:2:1'],
    ['constructor: a', 'Procfile:1:1'],
    [`web: ${'a'.repeat(9000)}`, 'Procfile:1:1'],
  ])('names the line of %j', (text, place) => {
    expect(() => parseProcfile(text)).toThrow(place);
  });

  it('answers any text with processes or with manifest_invalid', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        try {
          for (const [name, command] of parseProcfile(text)) expect(name.length * command.length).toBeGreaterThan(0);
        } catch (error) {
          expect((error as AppError).code).toBe('manifest_invalid');
        }
      }),
    );
  });

  it('reads back what it was written', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,20}$/);
    const command = fc.stringMatching(/^[!-~][ -~]{0,40}[!-~]$/);
    fc.assert(
      fc.property(fc.dictionary(name, command, { maxKeys: 8, noNullPrototype: true }), (processes) => {
        const text = Object.entries(processes).map(([type, run]) => `${type}: ${run}`).join('\n');
        expect(Object.fromEntries(parseProcfile(text))).toEqual(processes);
      }),
    );
  });
});
