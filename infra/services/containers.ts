import { request } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { moloHome } from '../config.ts';
import { writeAtomically } from '../setup/files.ts';
import { readSettings } from '../setup/settings.ts';
import { say, step } from '../terminal/progress.ts';

const stopGraceSeconds = 10;
/** More than the grace: the engine answers when the container has stopped. */
const answerTimeoutMs = 30_000;
/** The node's id, by which its containers are known also when the platform is down. */
const nodeFile = join(moloHome, 'agent', 'node.id');

interface Container {
  readonly Id: string;
}

interface Node {
  readonly id: string;
}

/** Asks the running control plane, as its machine's owner, which node this machine is, and keeps the answer. */
export async function rememberNode(): Promise<void> {
  const { id } = JSON.parse(await ask(join(moloHome, 'run/control.sock'), 'GET', `/api/v1/nodes/${readSettings()['MOLO_NODE_NAME']}`)) as Node;
  writeAtomically(nodeFile, id);
}

/** Stops the containers that this machine's agent made; they would outlive the ingress and, with live-restore, the engine. */
export async function stopOwnContainers(): Promise<void> {
  if (!existsSync(nodeFile)) return;
  const socket = readSettings()['MOLO_DOCKER_SOCKET'] ?? '/var/run/docker.sock';
  const filters = encodeURIComponent(JSON.stringify({ label: ['molo.managed=true', `molo.node=${readFileSync(nodeFile, 'utf8')}`] }));
  const answer = await ask(socket, 'GET', `/containers/json?filters=${filters}`).catch((error: unknown) => {
    say(`No Docker Engine answers at ${socket}: what runs under it is left as it is. ${String(error)}`);
    return '[]';
  });
  const containers = JSON.parse(answer) as Container[];
  if (containers.length === 0) return;
  await step(`Stop ${containers.length} ${containers.length === 1 ? 'instance' : 'instances'}`, async () => {
    await Promise.all(containers.map(({ Id }) => ask(socket, 'POST', `/containers/${Id}/stop?t=${stopGraceSeconds}`)));
  });
}

/** Asks over a unix socket; an answer that refuses is an error. */
function ask(socketPath: string, method: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, headers: { host: 'localhost' }, timeout: answerTimeoutMs }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () => ((response.statusCode ?? 500) < 400 ? resolve(text) : reject(new Error(`${method} ${path} was answered ${response.statusCode}: ${text}`))));
    });
    asked.on('timeout', () => asked.destroy(new Error(`${method} ${path} had no answer in ${answerTimeoutMs} ms`)));
    asked.on('error', reject);
    asked.end();
  });
}
