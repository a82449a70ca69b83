import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '@molo/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkScript, logScript, runScript, type RunAs } from './run-script.ts';
import { quote, type Service } from './service.ts';

const run = promisify(execFile);

/** Says who it is and stays; ends on SIGTERM. */
const sleeper: Service = { name: 'sleeper', unprivileged: true, needs: [], command: "sh -c 'echo here is $$; exec sleep 1000'", check: 'true' };

let home: string;
let keeper: ChildProcess | undefined;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'molo-services-'));
  for (const folder of ['run/pids', 'log/sleeper', 'services/sleeper/log']) mkdirSync(join(home, folder), { recursive: true });
  writeFileSync(join(home, 'molo.env'), "MOLO_DOMAIN='pier.example.com'\n");
});

afterEach(async () => {
  await run('sv', ['-w', '5', 'force-stop', folder()]).catch(() => undefined);
  await run('sv', ['exit', folder()]).catch(() => undefined);
  await waitFor(() => keeper?.exitCode !== null || keeper.signalCode !== null, { what: 'the keeper to end' });
  rmSync(home, { recursive: true, force: true });
});

const folder = () => join(home, 'services/sleeper');
const logged = () => (existsSync(join(home, 'log/sleeper/current')) ? readFileSync(join(home, 'log/sleeper/current'), 'utf8') : '');

function write(service: Service, as: Partial<RunAs> = {}): void {
  const script = (path: string, text: string) => {
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  };
  script(join(folder(), 'run'), runScript(service, { home, checkout: home, user: undefined, bindCheckout: false, ...as }));
  script(join(folder(), 'check'), checkScript(service));
  script(join(folder(), 'log/run'), logScript(home, service.name, undefined));
}

function keep(): ChildProcess {
  return spawn('runsv', [folder()], { stdio: 'ignore' });
}

/** The process id of the program, once the service's script has handed over to it. */
function pid(): Promise<number> {
  return waitFor(async () => Number(/\(pid (\d+)\)/.exec((await run('sv', ['status', folder()])).stdout)?.[1]), { what: 'the service to run' });
}

function isAlive(id: number): boolean {
  return existsSync(`/proc/${id}`) && !/\) Z /.test(readFileSync(`/proc/${id}/stat`, 'utf8'));
}

describe('a kept service', () => {
  it('is started again after kill -9', async () => {
    write(sleeper);
    keeper = keep();
    await waitFor(() => logged().includes('here is'), { what: 'its first words' });
    const first = await pid();
    process.kill(first, 'SIGKILL');
    await waitFor(() => logged().match(/here is/g)?.length === 2, { what: 'its second start' });
    expect(await pid()).not.toBe(first);
  });

  it('never runs twice when its keeper was killed: the one left behind ends first', async () => {
    write(sleeper);
    keeper = keep();
    await waitFor(() => logged().includes('here is'), { what: 'its first words' });
    const orphan = await pid();
    keeper.kill('SIGKILL');
    await waitFor(() => keeper?.signalCode !== null, { what: 'the keeper to be dead' });
    expect(isAlive(orphan)).toBe(true);
    keeper = keep();
    await waitFor(() => logged().match(/here is/g)?.length === 2, { what: 'its second start, logged by a new logger' });
    expect(isAlive(orphan)).toBe(false);
  });

  it('takes over from the one left behind where that must finish what it has', async () => {
    write({ ...sleeper, takesOver: true, command: `sh -c 'echo here is $$ after "$1"; exec sleep 1000' sh "$leftover"` });
    keeper = keep();
    await waitFor(() => logged().includes('here is'), { what: 'its first words' });
    const orphan = await pid();
    keeper.kill('SIGKILL');
    await waitFor(() => keeper?.signalCode !== null, { what: 'the keeper to be dead' });
    keeper = keep();
    await waitFor(() => logged().includes(`after ${orphan}`), { what: 'the new one to know the old one' });
    expect(isAlive(orphan)).toBe(true);
    process.kill(orphan, 'SIGKILL');
  });

  it('gets its settings from molo.env, without those that are withheld', async () => {
    writeFileSync(join(home, 'molo.env'), "MOLO_DOMAIN='pier.example.com'\nMOLO_DATABASE_URL=postgres://secret\n");
    write({ ...sleeper, withheld: ['MOLO_DATABASE_URL'], command: `sh -c 'echo here: $MOLO_DOMAIN, $MOLO_DATABASE_URL.; exec sleep 1000'` });
    keeper = keep();
    await waitFor(() => logged().includes('here:'), { what: 'its words' });
    expect(logged()).toContain('here: pier.example.com, .');
  });

  it.runIf(process.getuid?.() === 0)('sees a checkout that its user could not reach, whatever the path is called', async () => {
    const checkout = join(home, "closed/a #1 sailor's checkout");
    mkdirSync(join(checkout, 'apps'), { recursive: true });
    writeFileSync(join(checkout, 'apps/word.txt'), 'ahoy');
    chmodSync(home, 0o755);
    chmodSync(join(home, 'closed'), 0o700);
    write({ ...sleeper, prepare: [`cd ${quote(`${checkout}/apps`)}`], command: `sh -c 'echo "here: $(cat word.txt) $(cat "$1") from $(id -un)"; exec sleep 1000' sh ${quote(`${checkout}/apps/word.txt`)}` }, { user: 'daemon', checkout, bindCheckout: true });
    keeper = keep();
    await waitFor(() => logged().includes('here:'), { what: 'its words' });
    expect(logged()).toContain('here: ahoy ahoy from daemon');
  });

  it.runIf(process.getuid?.() === 0)('stays where it works when that is no part of a checkout that its user could not reach', async () => {
    const checkout = join(home, 'closed/checkout');
    mkdirSync(checkout, { recursive: true });
    chmodSync(home, 0o755);
    chmodSync(join(home, 'closed'), 0o700);
    write({ ...sleeper, command: `sh -c 'echo "works in $PWD"; exec sleep 1000'` }, { user: 'daemon', checkout, bindCheckout: true });
    keeper = keep();
    await waitFor(() => logged().includes('works in'), { what: 'its words' });
    expect(logged()).toContain(`works in ${folder()}`);
  });
});
