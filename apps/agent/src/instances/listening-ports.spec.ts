import { expect, it } from 'vitest';
import { parseListeners } from './listening-ports.js';

const header = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

it('finds ports that listen, and which of them only loopback reaches', () => {
  const tcp = `${header}   0: 00000000:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2
   2: 0B00007F:A3B1 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3
   3: 0200D50A:0BB9 0100D50A:C350 01 00000000:00000000 00:00000000 00000000     0        0 4
`;
  expect(parseListeners(tcp)).toEqual([
    { port: 3001, loopback: false },
    { port: 8080, loopback: true },
  ]);
});

it('reads the table of IPv6', () => {
  const tcp6 = `${header}   0: 00000000000000000000000000000000:0BB9 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1
   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 2
`;
  expect(parseListeners(tcp6)).toEqual([
    { port: 3001, loopback: false },
    { port: 8080, loopback: true },
  ]);
});

it('sees nothing in an empty table', () => {
  expect(parseListeners(header)).toEqual([]);
});
