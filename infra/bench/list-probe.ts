import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { checkout, childEnvironment } from '../config.ts';

/** How it is told what to ask. */
export interface ProbeOrder {
  readonly baseUrl: string;
  readonly token: string;
  readonly apps: readonly string[];
}

/** How long each answer took (ms), by the list's name. */
export type ListTimes = Readonly<Record<string, readonly number[]>>;

/** Above all that the figure is about: whoever asks sits at a machine of their own, and waits for none of its processors. */
const asAtAnotherMachine = -10;

/** Asks for lists from a process of its own until `signal` fires. @returns how long the answers took */
export async function probeLists(order: ProbeOrder, signal: AbortSignal): Promise<ListTimes> {
  const probe = fork(join(checkout, 'infra/bench/list-probe-program.ts'), { env: childEnvironment(), stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  try {
    setPriority(probe.pid ?? 0, asAtAnotherMachine);
    const ended = once(probe, 'exit');
    const told = once(probe, 'message');
    probe.send(order);
    if (!signal.aborted) await Promise.race([once(signal, 'abort'), ended]);
    if (probe.connected) probe.send('stop');
    const [times] = (await Promise.race([told, ended.then(([code]) => Promise.reject(new Error(`the program that asks for lists ended with ${code}`)))])) as [ListTimes];
    return times;
  } finally {
    probe.kill();
  }
}
