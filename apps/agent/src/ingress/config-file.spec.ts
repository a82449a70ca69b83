import { describe, expect, it } from 'vitest';
import { IngressSettings, ingressPaths } from './config.js';
import { platformPart, readState, renderFiles, withPools } from './config-file.js';
import { claim, emptyProxyState, type ProxyState } from './proxy-state.js';

const settings = IngressSettings.parse({ home: '/m', httpPort: 8080 });
const paths = ingressPaths('/m');
const machine = { user: 'molo', ipv6: true, threads: 2, openFiles: 20_000 };

function deployed(): ProxyState {
  const state = emptyProxyState(3);
  const pool = state.pools.get('pool-0002');
  if (!pool) throw new Error('no pool');
  claim(state, pool, { environmentId: 'e1', app: 'myapp', environment: 'production' });
  pool.record = 'e1/myapp/production';
  Object.assign(pool.slots[2] ?? {}, { host: '10.0.0.2', port: 8080, state: 'ready', instanceId: 'i1', release: 7 });
  Object.assign(pool.slots[0] ?? {}, { host: '10.0.0.1', port: 8080, state: 'drain', instanceId: 'i0', release: 6 });
  pool.slots.push({ name: 'p0002x1', host: '10.0.0.3', port: 8080, state: 'ready', instanceId: 'i2', release: 7 });
  state.hosts.set('myapp.localhost', ['pool-0002']);
  return state;
}

describe('the files of the ingress', () => {
  const files = renderFiles(settings, paths, machine, deployed());
  const config = files.get(paths.config) ?? '';

  it('start HAProxy with what serves, without what drained', () => {
    expect(config).toContain('backend pool-0002 from app\n  server p0002s1 127.0.0.1:9 disabled\n  server p0002s2 127.0.0.1:9 disabled\n  server p0002s3 10.0.0.2:8080\n');
    expect(config).toContain('  server p0002x1 10.0.0.3:8080\n');
    expect(config).not.toContain('10.0.0.1');
    expect(files.get(paths.hostsMap)).toBe('myapp.localhost pool-0002\n');
    expect(files.get(paths.serversMap)).toBe('p0002s3 i1/7\np0002x1 i2/7\n');
  });

  it('take away what a client claims about itself, also where it writes underscores, before they say what is true', () => {
    const rules = config.split('\n').map((line) => line.trim());
    const isRemoval = (rule: string) => rule.startsWith('http-request del-header');
    const [, pattern = ''] = /^http-request del-header (\S+) -m reg$/.exec(rules.find(isRemoval) ?? '') ?? [];
    const names = ['x-forwarded-for', 'x_forwarded-proto', 'x-forwarded', 'forwarded', 'x-real-ip', 'x_real_ip', 'true-client-ip', 'true_client_ip', 'x-request-id', 'x_request_id', 'host', 'forwarded-by', 'x-request-identity', 'x_own', 'not-x-forwarded-for'];
    expect(names.filter((name) => !new RegExp(pattern).test(name))).toEqual(['host', 'forwarded-by', 'x-request-identity', 'x_own', 'not-x-forwarded-for']);
    const truths = rules.filter((rule) => rule.startsWith('http-request add-header'));
    expect(truths).toHaveLength(3);
    expect(rules.findLastIndex(isRemoval)).toBeLessThan(rules.indexOf(truths[0] ?? ''));
  });

  it('leave others a part of all connections, whatever one address opens', () => {
    expect(config).toContain('sc1_conn_cur gt 7000 ');
    expect(renderFiles(settings, paths, { ...machine, openFiles: Infinity }, deployed()).get(paths.config)).toContain('sc1_conn_cur gt 22937 ');
  });

  it('hold a pool at rest in one line', () => {
    expect(config).toContain('backend pool-0001 from app\n  server-template p0001s 8 127.0.0.1:9 disabled\nbackend pool-0002');
  });

  it('are read back as what they were written from', () => {
    const read = readState(config, { hosts: files.get(paths.hostsMap) ?? '', environments: files.get(paths.environmentsMap) ?? '', servers: files.get(paths.serversMap) ?? '' });
    expect(read.owned.get('e1')?.name).toBe('pool-0002');
    expect(renderFiles(settings, paths, machine, read)).toEqual(files);
  });

  it('keep the pools that are there when more are asked for', () => {
    const state = withPools(deployed(), 5);
    expect(state.pools.size).toBe(5);
    expect(withPools(state, 2).pools.size).toBe(5);
  });

  it('need a reload for another setting, not for another deployment', () => {
    const empty = renderFiles(settings, paths, machine, emptyProxyState(3)).get(paths.config) ?? '';
    expect(platformPart(empty)).toBe(platformPart(config));
    const moved = renderFiles({ ...settings, httpPort: 80 }, paths, machine, deployed()).get(paths.config) ?? '';
    expect(platformPart(moved)).not.toBe(platformPart(config));
  });

  it('refuses a home that would break the configuration apart', () => {
    for (const home of ['relative', '/a b', '/a"b', '/a#b', '/a\nb']) expect(IngressSettings.safeParse({ home, httpPort: 80 }).success).toBe(false);
  });
});
