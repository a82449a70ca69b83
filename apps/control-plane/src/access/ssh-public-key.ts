import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import { AppError } from '@molo/contracts';

export interface SshPublicKey {
  readonly type: string;
  /** As it stands in `authorized_keys`, without its comment. */
  readonly text: string;
  readonly fingerprint: string;
  /** What follows the key in its line. */
  readonly comment: string;
}

const curves = { 'ecdsa-sha2-nistp256': ['P-256', 32], 'ecdsa-sha2-nistp384': ['P-384', 48], 'ecdsa-sha2-nistp521': ['P-521', 66] } as const;
const leastRsaBits = 2048;

/** `SHA256:…`, as ssh-keygen shows it. */
export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replaceAll('=', '')}`;
}

/** Reads one public key in OpenSSH's form; throws `invalid_input` for all that git over SSH could not be signed in with. */
export function parseSshPublicKey(line: string): SshPublicKey {
  const text = line.trim();
  if (text.includes('PRIVATE KEY')) throw refuse('is a private key: keep it to yourself, and send the public one (the file that ends in .pub)');
  const [, type, encoded, comment] = /^([a-z0-9@.-]+) +([A-Za-z0-9+/]+={0,2})(?:[ \t]+([^\r\n]*))?$/.exec(text) ?? [];
  if (type === undefined || encoded === undefined) throw refuse('is not one line of an OpenSSH public key, such as "ssh-ed25519 AAAA… name"');
  const blob = Buffer.from(encoded, 'base64');
  const [name, ...parts] = fields(blob);
  if (name?.toString() !== type) throw refuse('is damaged: its parts do not fit each other. Copy it again');
  assertUsable(type, parts);
  return { type, text: `${type} ${blob.toString('base64')}`, fingerprint: fingerprintOf(blob), comment: (comment ?? '').trim() };
}

function assertUsable(type: string, parts: Buffer[]): void {
  const jwk = jwkOf(type, parts);
  let bits: number | undefined;
  try {
    bits = createPublicKey({ key: jwk, format: 'jwk' }).asymmetricKeyDetails?.modulusLength;
  } catch {
    throw refuse('is damaged: there is no such key. Copy it again');
  }
  if (bits !== undefined && bits < leastRsaBits) throw refuse(`is an RSA key of ${bits} bits; it must have ${leastRsaBits} or more. Make a new one with ssh-keygen -t ed25519`);
}

function jwkOf(type: string, parts: Buffer[]): JsonWebKey {
  const [first, second] = parts;
  if (type === 'ssh-ed25519' && first?.length === 32 && parts.length === 1) return { kty: 'OKP', crv: 'Ed25519', x: first.toString('base64url') };
  if (type === 'ssh-rsa' && first && second && parts.length === 2) return { kty: 'RSA', e: unsigned(first), n: unsigned(second) };
  const curve = Object.hasOwn(curves, type) ? curves[type as keyof typeof curves] : undefined;
  if (curve && second && parts.length === 2 && second[0] === 4 && second.length === 1 + 2 * curve[1]) {
    return { kty: 'EC', crv: curve[0], x: second.subarray(1, 1 + curve[1]).toString('base64url'), y: second.subarray(1 + curve[1]).toString('base64url') };
  }
  throw refuse('is of a type that is not taken here. Take ed25519, ecdsa or rsa, for example ssh-keygen -t ed25519');
}

/** SSH writes a leading zero where the highest bit is set. */
function unsigned(integer: Buffer): string {
  return (integer[0] === 0 ? integer.subarray(1) : integer).toString('base64url');
}

/** The length-prefixed fields of a key (RFC 4251, section 5); none where the lengths lie. */
function fields(blob: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < blob.length; ) {
    const end = at + 4 <= blob.length ? at + 4 + blob.readUInt32BE(at) : Infinity;
    if (end > blob.length) return [];
    found.push(blob.subarray(at + 4, end));
    at = end;
  }
  return found;
}

function refuse(why: string): AppError {
  return new AppError('invalid_input', { detail: `The key ${why}.`, errors: [{ path: 'publicKey', message: why }] });
}
