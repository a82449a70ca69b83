import { expect, it } from 'vitest';
import { freeSubnet, routedSubnets } from './subnets.js';

it('takes the first block that overlaps nothing', () => {
  expect(freeSubnet('10.213.0.0/16', [])).toBe('10.213.0.0/26');
  expect(freeSubnet('10.213.0.0/16', ['10.213.0.0/26', '172.17.0.0/16', '10.213.0.64/26'])).toBe('10.213.0.128/26');
});

it('keeps clear of larger and of smaller blocks', () => {
  expect(freeSubnet('10.213.0.0/16', ['10.0.0.0/9'])).toBe('10.213.0.0/26');
  expect(freeSubnet('10.213.0.0/16', ['10.213.0.0/24', '10.213.1.7/32'])).toBe('10.213.1.64/26');
});

it('says what to do when the pool is used up', () => {
  expect(() => freeSubnet('10.213.0.0/16', ['10.0.0.0/8'])).toThrow(/MOLO_NETWORK_POOL/);
});

it('reads the routes of the host, but for the default one', () => {
  const route = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\neth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\neth0\t0000D50A\t00000000\t0001\t0\t0\t0\t00C0FFFF\t0\t0\t0\n';
  expect(routedSubnets(route)).toEqual(['10.213.0.0/18']);
});
