import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../config.ts';
import { programPath } from '../setup/packages.ts';
import { answers } from '../setup/settings.ts';
import { StepFailed } from '../terminal/progress.ts';
import { firstAnswer } from './app-clock.ts';
import { freePort } from './free-port.ts';
import { WorkingCopy } from './working-copy.ts';

const run = promisify(execFile);
const image = 'molo-bench/by-hand';
const baseImage = 'molo-bench/base';
const appPort = 8080;
/** Debian's own client builds with BuildKit; another that comes first on the PATH may not. */
const docker = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';
const buildKit = childEnvironment({ DOCKER_BUILDKIT: '1' });
/** As MyApp's molo.yml has them. */
const limits = ['--memory', '128m', '--cpus', '0.5'];

/** The same delivery with bare tools: git over OpenSSH, `docker build`, `docker run`, ask until it answers. */
export class ByHand implements AsyncDisposable {
  #generation = 0;
  #running: string | undefined;

  readonly #sshd: ChildProcess;
  readonly #bare: string;
  readonly #dockerfile: string;
  readonly #ports: readonly [number, number];
  readonly copy: WorkingCopy;

  private constructor(sshd: ChildProcess, bare: string, dockerfile: string, ports: readonly [number, number], copy: WorkingCopy) {
    this.#sshd = sshd;
    this.#bare = bare;
    this.#dockerfile = dockerfile;
    this.#ports = ports;
    this.copy = copy;
  }

  /** @param base an image with everything below the Source layer, so that what is built is the same */
  static async start(folder: string, key: string, base: string): Promise<ByHand> {
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    const bare = join(folder, 'myapp.git');
    const dockerfile = join(folder, 'Dockerfile');
    await run(docker, ['tag', base, baseImage]);
    writeFileSync(dockerfile, `FROM ${baseImage}\nCOPY . /app\nENV PORT=${appPort}\n`);
    await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', bare]);
    const sshd = await startSshd(folder, key, port);
    const copy = await WorkingCopy.of(join(folder, 'work'), { remote: `ssh://root@127.0.0.1:${port}${bare}`, key });
    return new ByHand(sshd, bare, dockerfile, [await freePort(), await freePort()], copy);
  }

  /** @returns seconds that `git push` to the bare repository takes, with nothing behind it */
  async push(line: string): Promise<number> {
    await this.copy.changeLine(line);
    const startedAt = performance.now();
    await this.copy.push();
    return (performance.now() - startedAt) / 1000;
  }

  /** @returns seconds from `git push` to the first answer of the new version */
  async deliver(line: string): Promise<number> {
    const commit = await this.copy.changeLine(line);
    const startedAt = performance.now();
    await this.copy.push();
    await run('sh', ['-c', 'git -C "$1" archive --format=tar --prefix=app/ main | tar -x -C "$2" && exec "$5" build --quiet --tag "$3" --file "$4" "$2/app"', 'sh', this.#bare, this.#emptyFolder(), image, this.#dockerfile, docker], { env: buildKit });
    const port = this.#ports[this.#generation % 2] ?? 0;
    const name = `molo-bench-by-hand-${(this.#generation += 1)}`;
    await run(docker, ['run', '--detach', '--name', name, ...limits, '--publish', `127.0.0.1:${port}:${appPort}`, '--env', `MOLO_COMMIT=${commit}`, image]);
    const answeredAt = await firstAnswer({ host: '127.0.0.1', port, name: 'by-hand' }, (facts) => commit.startsWith(facts.commit) && facts.commit !== '');
    await this.#replace(name);
    return (answeredAt - startedAt) / 1000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#replace(undefined);
    this.#sshd.kill('SIGTERM');
    await run(docker, ['image', 'rm', '--force', image, baseImage]).catch(() => undefined);
  }

  #emptyFolder(): string {
    const folder = join(this.#bare, '..', 'tree', String(this.#generation));
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  async #replace(name: string | undefined): Promise<void> {
    if (this.#running) await run(docker, ['rm', '--force', this.#running]);
    this.#running = name;
  }
}

/** What somebody keeps in their ~/.bashrc is no part of the floor: bash reads it for a command over SSH, unless it runs below another shell. */
const withoutBashrc = ['SetEnv SHLVL=1'];

async function startSshd(folder: string, key: string, port: number): Promise<ChildProcess> {
  const program = programPath('sshd');
  if (!program) throw new StepFailed('there is no sshd to measure git over SSH with', { advice: 'apt-get install openssh-server' });
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'host_key')]);
  mkdirSync('/run/sshd', { recursive: true });
  const settings = [`Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${join(folder, 'host_key')}`, `AuthorizedKeysFile ${key}.pub`, `PidFile ${join(folder, 'sshd.pid')}`, 'StrictModes no', 'UsePAM no', 'PermitRootLogin prohibit-password', 'PasswordAuthentication no', 'PrintMotd no', ...withoutBashrc];
  writeFileSync(join(folder, 'sshd_config'), `${settings.join('\n')}\n`);
  const sshd = spawn(program, ['-D', '-e', '-f', join(folder, 'sshd_config')], { stdio: 'ignore' });
  await once(sshd, 'spawn');
  const deadline = Date.now() + 10_000;
  while (!(await answers(port))) if (Date.now() > deadline) throw new StepFailed(`sshd does not listen on port ${port}`, { advice: `Try it: ${program} -D -e -f ${join(folder, 'sshd_config')}` });
  return sshd;
}
