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
