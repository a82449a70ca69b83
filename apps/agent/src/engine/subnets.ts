import { AppError } from '@molo/contracts';

/** A block of IPv4 addresses, both ends included. */
interface Block {
  readonly first: number;
  readonly last: number;
}

/** 61 instances of one environment on one node. */
const prefixLength = 26;

/** The first /26 of the pool that overlaps nothing taken. All in CIDR form. */
export function freeSubnet(pool: string, taken: readonly string[]): string {
  const whole = blockOf(pool);
  const size = 2 ** (32 - prefixLength);
  const used = taken.filter((each) => /^\d+\.\d+\.\d+\.\d+\/\d+$/.test(each)).map(blockOf).toSorted((a, b) => a.first - b.first);
  for (let first = whole.first; first + size - 1 <= whole.last; first += size) {
    const last = first + size - 1;
    if (!used.some((block) => block.first <= last && block.last >= first)) return `${dotted(first)}/${prefixLength}`;
  }
  throw new AppError('no_node_available', { detail: `This node's pool of networks (${pool}) is used up. Give it a larger MOLO_NETWORK_POOL.` });
}

/** Destinations of the host's own routes, but for the default one, out of the text of /proc/net/route. */
export function routedSubnets(procNetRoute: string): string[] {
  const rows = procNetRoute.split('\n').slice(1).map((line) => line.split(/\s+/));
  return rows.flatMap((row) => {
    const [destination, mask] = [row[1], row[7]];
    if (destination === undefined || mask === undefined || Number.parseInt(mask, 16) === 0) return [];
    return [`${dotted(littleEndian(destination))}/${bits(littleEndian(mask))}`];
  });
}

function blockOf(cidr: string): Block {
  const [address = '', length = '32'] = cidr.split('/');
  const size = 2 ** (32 - Number(length));
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = Math.floor(value / size) * size;
  return { first, last: first + size - 1 };
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

function littleEndian(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE();
}

function bits(mask: number): number {
  return mask.toString(2).replaceAll('0', '').length;
}
