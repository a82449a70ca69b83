import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, Settings } from './config.js';

const masterKey = 'ab'.repeat(32);
let home: string;
let whole: Record<string, string>;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'molo-config-'));
  mkdirSync(join(home, 'secrets'));
  writeFileSync(join(home, 'secrets/master.key'), `${masterKey}\n`);
  writeFileSync(join(home, 'secrets/node.token'), 'a-token-of-a-node-0123456789\n');
  whole = { MOLO_HOME: home, MOLO_DATABASE_URL: 'postgres://molo@localhost/molo', MOLO_REDIS_URL: 'redis://localhost' };
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('the settings', () => {
  it('have defaults for all but the databases, and take secrets from files', () => {
    const config = loadConfig(whole);
    expect(config).toMatchObject({ domain: 'localhost', httpPort: 80, sshPort: 2222, apiPort: 4000, registryHost: 'localhost:5443' });
    expect([config.masterKey, config.nodeToken]).toEqual([masterKey, 'a-token-of-a-node-0123456789']);
  });

  it('take the limits of builds as people write sizes and spans', () => {
    expect(loadConfig(whole).buildLimits).toEqual({ memoryBytes: 2 * 1024 ** 3, cpus: 2, timeoutSeconds: 1800, diskBytes: 8 * 1024 ** 3 });
    const given = { ...whole, MOLO_BUILD_MEMORY: '512M', MOLO_BUILD_CPUS: '1.5', MOLO_BUILD_TIMEOUT: '90s', MOLO_BUILD_DISK: '20G' };
    expect(loadConfig(given).buildLimits).toEqual({ memoryBytes: 512 * 1024 ** 2, cpus: 1.5, timeoutSeconds: 90, diskBytes: 20 * 1024 ** 3 });
    expect(() => loadConfig({ ...whole, MOLO_BUILD_TIMEOUT: 'soon' })).toThrow(/MOLO_BUILD_TIMEOUT.*span/);
    expect(() => loadConfig({ ...whole, MOLO_BUILD_TIMEOUT: '0s' })).toThrow('MOLO_BUILD_TIMEOUT must be at least 1s');
  });

  it('are frozen, and show no secret when printed', () => {
    const config = loadConfig(whole);
    expect(Object.isFrozen(config)).toBe(true);
    expect(inspect(config, { showHidden: true, depth: 9 }) + JSON.stringify(config)).not.toContain(masterKey);
  });

  it('that are wrong are all named at once', () => {
    writeFileSync(join(home, 'secrets/master.key'), 'short');
    const wrong = { ...whole, MOLO_DATABASE_URL: '', MOLO_REDIS_URL: 'http://localhost', MOLO_HTTP_PORT: '70000', MOLO_DOMAIN: 'Not A Host', MOLO_NODE_TOKEN_FILE: '/nowhere' };
    const load = () => loadConfig(wrong);
    expect(load).toThrow(ConfigError);
    for (const name of ['MOLO_DATABASE_URL is not set', 'MOLO_REDIS_URL', 'MOLO_HTTP_PORT', 'MOLO_DOMAIN', 'MOLO_NODE_TOKEN_FILE', 'MOLO_MASTER_KEY_FILE']) expect(load).toThrow(name);
    expect(load).not.toThrow('short');
  });

  it('of any text are settings that can be used, or one ConfigError', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('0', '-1', '1e9', 'NaN', 'Infinity', '0x10', ' 80 ', 'postgres://', 'redis://:@:', 'a:b:c', '0M', '1ms', 'constructor', 'localhost:99999999', '/', '\0'));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(Settings.shape)), value, { maxKeys: 3, noNullPrototype: true }), (given) => {
        try {
          const config = loadConfig({ ...whole, ...given });
          expect([config.httpPort, config.databasePool, config.buildLimits.memoryBytes, config.buildLimits.cpus].every((each) => Number.isFinite(each) && each > 0)).toBe(true);
          expect(config.buildLimits.timeoutSeconds).toBeGreaterThanOrEqual(1);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});
