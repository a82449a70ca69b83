import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** The internal CA, and what the registry shows and checks by it. */
export function makeCertificates(home: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: home, stdio: 'pipe' });
  for (const folder of ['ca', 'tls', 'registry', 'run', 'control-plane', 'services/registry']) mkdirSync(join(home, folder), { recursive: true });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
  openssl('req', '-x509', ...key, '-keyout', 'ca/ca.key', '-out', 'ca/ca.crt', '-subj', '/CN=Molo test CA', '-days', '2');
  for (const name of ['registry', 'registry-token']) {
    openssl('req', ...key, '-keyout', `tls/${name}.key`, '-out', `tls/${name}.csr`, '-subj', `/CN=${name}`);
    writeFileSync(join(home, 'tls/ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    openssl('x509', '-req', '-in', `tls/${name}.csr`, '-CA', 'ca/ca.crt', '-CAkey', 'ca/ca.key', '-CAcreateserial', '-out', `tls/${name}.crt`, '-days', '2', '-extfile', 'tls/ext');
  }
}

/** Distribution itself, on a platform's home. @returns what stops it */
export async function startRegistry(home: string, port: number, url: string): Promise<() => Promise<void>> {
  const settings = {
    version: '0.1',
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: join(home, 'registry') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, tls: { certificate: join(home, 'tls/registry.crt'), key: join(home, 'tls/registry.key') } },
    auth: { token: { realm: `${url}/registry/token`, service: 'molo-registry', issuer: 'molo', rootcertbundle: join(home, 'ca/ca.crt') } },
  };
  const file = join(home, 'services/registry/config.yml');
  // YAML takes JSON.
  writeFileSync(file, JSON.stringify(settings));
  // As set-up's run script has it, and runit.
  const run = 'echo $$ >"$1/run/registry.pid"; task=serve; [ ! -e "$1/run/registry.collect" ] || { rm "$1/run/registry.collect" && task=garbage-collect; }; exec docker-registry $task "$2"';
  let stopped = false;
  let ended = Promise.resolve();
  let child: ChildProcess;
  const start = () => {
    child = spawn('sh', ['-c', run, 'sh', home, file], { stdio: 'ignore' });
    ended = once(child, 'exit').then(() => (stopped ? undefined : start()));
    return ended;
  };
  void start();
  while (!(await accepts(port))) await pause(20);
  return async () => {
    stopped = true;
    child.kill();
    await ended;
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
