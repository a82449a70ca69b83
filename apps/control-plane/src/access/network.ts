import { isIPv6 } from 'node:net';

const mappedIPv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * Where a client comes from, for counting what it does: an IPv4 address as it is, the first 64 bits of an IPv6 address,
 * since every client has all the addresses below them to itself (RFC 4291, section 2.5.4).
 */
export function networkOf(ip: string): string {
  const address = mappedIPv4.exec(ip)?.[1] ?? ip.replace(/%.*$/, '');
  if (!isIPv6(address)) return address;
  // A URL writes an IPv6 address in its one canonical form.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const given = head.split(':').filter(Boolean);
  const rest = tail?.split(':').filter(Boolean) ?? [];
  const groups = tail === undefined ? given : [...given, ...Array<string>(8 - given.length - rest.length).fill('0'), ...rest];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
