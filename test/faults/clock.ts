import { open, readFile, type FileHandle } from 'node:fs/promises';

/*
 * Sets the clock of running programs, and of no others: whoever asks for the time asks the vDSO, a page of code that the
 * kernel maps into every process. Here its three functions are led to others that ask the kernel and add a number of
 * seconds to the time of day, as Chaos Mesh's TimeChaos does. Go's programs, which no library could be preloaded into, are
 * deceived as well; time that only passes (CLOCK_MONOTONIC) is left alone, as by a clock that is really set.
 */

/** x86-64, position independent. The first eight bytes hold the seconds that are added. */
const code = Buffer.from(
  [
    '0000000000000000',
    // clock_gettime: the kernel's answer, and the seconds where CLOCK_REALTIME or its coarse twin was asked for
    'b8e4000000 0f05 85c0 7513 85ff 7405 83ff05 750a 488b0dddffffff 48010e c3 90',
    // gettimeofday
    'b860000000 0f05 4885ff 740a 488b0dc5ffffff 48010f c3 90',
    // time
    '57 31ff b8c9000000 0f05 5f 480305aeffffff 4885ff 7403 488907 c3',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);
const entries = { __vdso_clock_gettime: 0x08, __vdso_gettimeofday: 0x28, __vdso_time: 0x40 } as const;

export const canSetClocks = process.arch === 'x64';

/** Lets these processes, and what they fork from now on, live at the machine's time and some seconds more or less. */
export async function setClock(pids: readonly number[], seconds: number): Promise<void> {
  // At rest, so that all jump at once and nobody is in the midst of what is replaced.
  const stopped = pids.filter((pid) => signal(pid, 'SIGSTOP'));
  try {
    await Promise.all(stopped.map((pid) => shift(pid, seconds)));
  } finally {
    for (const pid of stopped) signal(pid, 'SIGCONT');
  }
}

async function shift(pid: number, seconds: number): Promise<void> {
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
  // It has ended, and its parent has not heard of that yet.
  if (maps === '') return;
  const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) .*\[vdso\]$/m.exec(maps) ?? [];
  const start = parseInt(from, 16);
  const vdso = Buffer.alloc(parseInt(to, 16) - start);
  await using memory = await open(`/proc/${pid}/mem`, 'r+');
  await memory.read(vdso, 0, vdso.length, start);
  // The file ends within its last page; nobody uses the rest of that.
  const place = vdso.length - 256;
  if (!vdso.subarray(place + 8, place + code.length).equals(code.subarray(8))) await divert(memory, vdso, start, place);
  const delta = Buffer.alloc(8);
  delta.writeBigInt64LE(BigInt(seconds));
  await memory.write(delta, 0, delta.length, start + place);
}

async function divert(memory: FileHandle, vdso: Buffer, start: number, place: number): Promise<void> {
  if (vdso.subarray(place).some((byte) => byte !== 0)) throw new Error('There is no room in the vDSO of this kernel');
  await memory.write(code, 0, code.length, start + place);
  for (const [name, offset] of Object.entries(entries)) {
    const jump = Buffer.alloc(5);
    const entry = addressOf(vdso, name);
    jump.writeUInt8(0xe9);
    jump.writeInt32LE(place + offset - (entry + jump.length), 1);
    await memory.write(jump, 0, jump.length, start + entry);
  }
}

/** Looks a name up in the dynamic symbols of an ELF image of 64 bits. */
function addressOf(elf: Buffer, name: string): number {
  const sections = Number(elf.readBigUInt64LE(0x28));
  const [entryBytes, count] = [elf.readUInt16LE(0x3a), elf.readUInt16LE(0x3c)];
  const section = (index: number) => {
    const header = sections + index * entryBytes;
    return { type: elf.readUInt32LE(header + 4), offset: Number(elf.readBigUInt64LE(header + 24)), bytes: Number(elf.readBigUInt64LE(header + 32)), link: elf.readUInt32LE(header + 40) };
  };
  const symbols = Array.from({ length: count }, (_, index) => section(index)).find(({ type }) => type === dynamicSymbols);
  if (!symbols) throw new Error('The vDSO has no symbols');
  const names = section(symbols.link).offset;
  for (let at = symbols.offset; at < symbols.offset + symbols.bytes; at += symbolBytes) {
    const begin = names + elf.readUInt32LE(at);
    if (elf.toString('latin1', begin, elf.indexOf(0, begin)) === name) return Number(elf.readBigUInt64LE(at + 8));
  }
  throw new Error(`The vDSO has no ${name}`);
}

const dynamicSymbols = 11;
const symbolBytes = 24;

/** @returns whether there is such a process */
function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
