import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '@molo/testkit';
import { engineAnswers } from '../../infra/setup/engine.js';
import { command } from '../e2e/platform.js';

/**
 * A Docker Engine beside that of the machine, all of its data in one folder. It writes no rules of its own: two engines on
 * one machine would take away each other's. So its containers are given the way out here.
 */
export class SecondEngine implements AsyncDisposable {
  private constructor(
    readonly socket: string,
    private readonly program: ChildProcess,
    private readonly undo: readonly (readonly string[])[],
  ) {}

  /** @param networks what its containers have addresses of, as `10.213.0.0/16` @param name that of its bridge, at most 15 characters */
  static async start(folder: string, name: string, networks: string): Promise<SecondEngine> {
    const gateway = networks.replace(/\.0\.0\/16$/, '.255.1/24');
    const rules = [
      ['-t', 'nat', 'POSTROUTING', '-s', networks, '!', '-d', networks, '-j', 'MASQUERADE'],
      ['-t', 'filter', 'FORWARD', '-s', networks, '-j', 'ACCEPT'],
      ['-t', 'filter', 'FORWARD', '-d', networks, '-j', 'ACCEPT'],
    ] as const;
    await mustRun('ip', 'link', 'add', name, 'type', 'bridge');
    await mustRun('ip', 'address', 'add', gateway, 'dev', name);
    await mustRun('ip', 'link', 'set', name, 'up');
    for (const [flag, table, chain, ...rule] of rules) await mustRun('iptables', '-w', flag, table, '-I', chain, ...rule);
    const socket = join(folder, 'docker.sock');
    const undo = [...rules.map(([flag, table, chain, ...rule]) => ['iptables', '-w', flag, table, '-D', chain, ...rule]), ['ip', 'link', 'delete', name]];
    const engine = new SecondEngine(socket, runEngine(folder, socket, name), undo);
    try {
      await waitFor(() => engineAnswers(socket), { timeoutMs: 60_000, what: 'the second engine to answer' });
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.program.exitCode === null ? new Promise((resolve) => this.program.once('exit', resolve)) : null;
    this.program.kill('SIGTERM');
    await ended;
    for (const [program, ...args] of this.undo) await command(program!, args);
  }
}

function runEngine(folder: string, socket: string, bridge: string): ChildProcess {
  mkdirSync(join(folder, 'run'), { recursive: true });
  const log = openSync(join(folder, 'dockerd.log'), 'a');
  const args = ['--host', `unix://${socket}`, '--data-root', join(folder, 'docker'), '--exec-root', join(folder, 'run'), '--pidfile', join(folder, 'run/docker.pid'), '--bridge', bridge, '--iptables=false', '--ip6tables=false', '--ip-masq=false'];
  return spawn('dockerd', args, { stdio: ['ignore', log, log] });
}

async function mustRun(program: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await command(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}
