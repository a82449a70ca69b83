import { accessSync, constants, existsSync } from 'node:fs';
import { request } from 'node:http';
import { isRoot } from '../config.ts';
import { StepFailed } from '../terminal/progress.ts';

const answerTimeoutMs = 3_000;

/** Whether a Docker Engine answers on the socket. */
export function engineAnswers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping', timeout: answerTimeoutMs }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

/** Only root can start an engine of our own; to everybody else it is said how to come by one. */
export function requireRootForEngine(socketPath: string): void {
  if (isRoot) return;
  if (existsSync(socketPath) && !mayUse(socketPath)) {
    throw new StepFailed(`you may not use the Docker Engine at ${socketPath}`, { advice: 'Let root put you into the group of the socket, and sign in again: usermod -aG docker YOU' });
  }
  throw new StepFailed(`no Docker Engine answers at ${socketPath}, and only root can start one`, { advice: 'Start Docker, name its socket (MOLO_DOCKER_SOCKET=/path npm start), or run the same command as root.' });
}

function mayUse(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
