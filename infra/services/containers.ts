import { request } from 'node:http';
import { readSettings } from '../setup/settings.ts';
import { step } from '../terminal/progress.ts';

const stopGraceSeconds = 10;

interface Container {
  readonly Id: string;
}

/** Stops the containers that this machine's agent made; with live-restore they would outlive the engine. */
export async function stopOwnContainers(): Promise<void> {
  const settings = readSettings();
  const socket = settings['MOLO_DOCKER_SOCKET'] ?? '/var/run/docker.sock';
  const filters = encodeURIComponent(JSON.stringify({ label: ['molo.managed=true', `molo.node=${settings['MOLO_NODE_NAME']}`] }));
  const answer = await ask(socket, 'GET', `/containers/json?filters=${filters}`).catch(() => '[]');
  const containers = JSON.parse(answer) as Container[];
  if (containers.length === 0) return;
  await step(`Stop ${containers.length} instances`, async () => {
    await Promise.all(containers.map(({ Id }) => ask(socket, 'POST', `/containers/${Id}/stop?t=${stopGraceSeconds}`)));
  });
}

function ask(socketPath: string, method: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject);
    asked.end();
  });
}
