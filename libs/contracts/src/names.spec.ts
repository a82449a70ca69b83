import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppName, ChosenName, ConfigKey, ConfigValue, DomainName, EnvironmentName, ProcessType } from './names.js';

/** Text made of what names are made of, and of what breaks them. */
const nearly = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'B', '0', '-', '--', '_', '.', '/', ' ', '\n', '\0', 'é', '\u202e', ':', '@'), maxLength: 12 }),
  fc.constantFrom('constructor', '__proto__', 'toString', 'hasOwnProperty', 'molo', 'api', 'PORT', 'a\n', 'xn--a', 'a.b', 'A.B', `${'a'.repeat(64)}.example.com`),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

describe('names', () => {
  it('of apps and environments are one label of a host, one step of a path and one part of an image', () => {
    fc.assert(
      fc.property(nearly, nearly, (app, environment) => {
        if (!AppName.safeParse(app).success || !EnvironmentName.safeParse(environment).success) return;
        const host = `${app}--${environment}.localhost`;
        expect(new URL(`http://${host}/${app}`).href).toBe(`http://${host}/${app}`);
        expect(host.split('--')).toHaveLength(2);
        expect(app).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('of processes and config are found in no object that does not have them', () => {
    fc.assert(
      fc.property(nearly, (name) => {
        for (const shape of [ProcessType, ConfigKey]) if (shape.safeParse(name).success) expect(({} as Record<string, unknown>)[name]).toBeUndefined();
        if (ConfigKey.safeParse(name).success) expect(name).toMatch(/^\w+$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('of domains are written in one way alone', () => {
    fc.assert(
      fc.property(fc.oneof(nearly, fc.domain().map((host) => host.toUpperCase())), (name) => {
        const { data } = DomainName.safeParse(name);
        if (data === undefined) return;
        expect(data).toMatch(/^[a-z0-9.-]+$/);
        expect(DomainName.parse(data)).toBe(data);
      }),
      { numRuns: 1000 },
    );
  });

  it('that people choose may be in any script, and neither hide nor turn around what stands beside them', () => {
    for (const name of ['Ada', ' Zoë O’Neil ', 'محمد', 'می\u200cخواهم', '東京 👩‍💻']) expect(ChosenName.parse(name)).toBe(name.trim());
    for (const name of ['', '  ', 'a\nb', 'a\u001b[31mb', 'a\u202eb', 'a\u2066b', 'a\u200fb', 'a\u0085b', 'a\u200bb', 'a\ufeffb', 'a\u00adb', 'a\u2060b', 'a\u{e0041}b']) expect(ChosenName.safeParse(name).success, JSON.stringify(name)).toBe(false);
  });

  it('keep config values as they are, but for those that no process can have', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(ConfigValue.safeParse(value).data).toBe(value.includes('\0') ? undefined : value);
      }),
    );
  });
});
