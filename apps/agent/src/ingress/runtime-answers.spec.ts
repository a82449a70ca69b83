import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIdentity, parseMap, parseOldWorkers, parseServersState, parseStat, parseTunnels } from './runtime-answers.js';
import { splitAnswers } from './runtime-socket.js';

function line(name: string, operational: number, admin: number): string {
  return `5 pool-0001 1 ${name} 10.213.0.2 ${operational} ${admin} 1 1 1 1 0 0 8 0 0 0 - 8080 - 0 0 - - 0`;
}

describe('answers of the runtime API', () => {
  it('tells ready, draining, maintained and down servers apart', () => {
    const answer = ['1', '# be_id be_name srv_id srv_name', line('p0001s1', 2, 4), line('p0001s2', 2, 8), line('p0001s3', 0, 5), line('p0001s4', 0, 0)].join('\n');
    expect(parseServersState(answer).map(({ name, state }) => [name, state])).toEqual([
      ['p0001s1', 'ready'],
      ['p0001s2', 'drain'],
      ['p0001s3', 'maint'],
      ['p0001s4', 'down'],
    ]);
    expect(parseServersState(answer)[0]).toEqual({ backend: 'pool-0001', name: 'p0001s1', host: '10.213.0.2', port: 8080, state: 'ready' });
  });

  it('keeps every value of a key that a map holds twice', () => {
    expect(parseMap('0x55d a.localhost pool-0001\n0x55e b.localhost pool-0002\n0x55f b.localhost pool-0003')).toEqual(
      new Map([
        ['a.localhost', ['pool-0001']],
        ['b.localhost', ['pool-0002', 'pool-0003']],
      ]),
    );
    expect(parseMap('Unknown map identifier. Please use #<id> or <file>.')).toEqual(new Map());
  });

  it('names a run of HAProxy by its process and its start', () => {
    expect(parseIdentity('Name: HAProxy\nPid: 4711\nStart_time_sec: 1795477106')).toBe('4711@1795477106');
  });

  it('reads columns by name, whatever their order', () => {
    const [row] = parseStat('# pxname,svname,scur,\npool-0001,BACKEND,3,');
    expect([row?.text('pxname'), row?.number('scur'), row?.number('nothing')]).toEqual(['pool-0001', 3, 0]);
  });

  it('reads open WebSockets by server', () => {
    expect(parseTunnels('# table: molo-tunnels, type: string, size:102400, used:1\n0x7f: key=p0001s1 use=2 exp=0 shard=0 conn_cur=2')).toEqual(new Map([['p0001s1', 2]]));
  });

  it('reads which workers a reload left behind, and takes none for one', () => {
    const head = '#<PID>          <type>          <reloads>       <uptime>        <version>\n100             master          1 [failed: 0]   0d00h00m17s     2.6.12\n# workers\n102             worker          0               0d00h00m03s     2.6.12\n';
    expect(parseOldWorkers(`${head}# old workers\n101             worker          1               0d00h00m09s     2.6.12\n# programs\n`)).toEqual([101]);
    expect(parseOldWorkers(`${head}# programs\n`)).toEqual([]);
  });

  it('gives each command its own answer, silent ones an empty one', () => {
    expect(splitAnswers('\n1\n# be_id\n5 pool\n\nNo such backend.\n\n', ['set', 'show', 'bad'])).toEqual(['', '1\n# be_id\n5 pool', 'No such backend.']);
  });

  it('refuses an answer that was cut off', () => {
    expect(() => splitAnswers('1\n# be_id', ['show', 'show'])).toThrow('ingress_failed');
  });
});

describe('answers of any text', () => {
  it('give rows, or none, and never a failure of another kind than the ingress has', () => {
    const part = fc.constantFrom('# old workers', '#', '0x1 a b', 'Pid: 1', '\n', '\n\n', ' ', ',', 'key=p1 conn_cur=9', '1 worker', line('s', 2, 4), '-', '99999999999999999999');
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''))), fc.nat(4), (text, count) => {
        for (const row of parseServersState(text)) expect(['ready', 'drain', 'maint', 'down']).toContain(row.state);
        for (const row of parseStat(text)) expect(Number.isNaN(row.number('scur'))).toBe(false);
        expect([...parseMap(text).values()].every((values) => values.length > 0)).toBe(true);
        expect([...parseTunnels(text).values(), ...parseOldWorkers(text)].every(Number.isFinite)).toBe(true);
        expect(parseIdentity(text)).toMatch(/^(unknown|\d+@\d+)$/);
        const commands = Array.from({ length: count }, (_, index) => `command ${index}`);
        try {
          expect(splitAnswers(text, commands)).toHaveLength(count);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ingress_failed' });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('give back every entry of a map', () => {
    const key = fc.stringMatching(/^[a-z0-9.-]{1,12}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.stringMatching(/^[a-z0-9-]{1,12}$/)), { maxLength: 8 }), (entries) => {
        const map = parseMap(entries.map(([host, backend], index) => `0x${(index + 1).toString(16)} ${host} ${backend}`).join('\n'));
        expect([...map].flatMap(([host, backends]) => backends.map((backend) => `${host} ${backend}`)).toSorted()).toEqual(entries.map((entry) => entry.join(' ')).toSorted());
      }),
    );
  });
});
