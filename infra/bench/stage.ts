import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient, type MoloClient } from '@molo/client';
import { addKey } from '../demo/molo.ts';
import type { Settings } from '../setup/settings.ts';
import type { Target } from './app-clock.ts';
import { WorkingCopy } from './working-copy.ts';

const run = promisify(execFile);

/** What the figures are measured on: a running platform, its API as a program uses it, and a folder that goes afterwards. */
export class Stage implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'molo-bench-'));
  readonly key = join(this.folder, 'key');
  readonly #apps: string[] = [];

  readonly settings: Settings;
  readonly token: string;
  readonly molo: MoloClient;

  private constructor(settings: Settings, token: string) {
    this.settings = settings;
    this.token = token;
    this.molo = createClient({ baseUrl: this.api, headers: { authorization: `Bearer ${token}` } });
  }

  static async open(settings: Settings, token: string): Promise<Stage> {
    const stage = new Stage(settings, token);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', stage.key]);
    await addKey(`${stage.key}.pub`, 'npm run bench');
    return stage;
  }

  /** Where the API answers. */
  get api(): string {
    return this.settings['MOLO_CONTROL_PLANE_URL'] ?? '';
  }

  /** @param fixture folder of test/fixtures that the app is made of */
  async createApp(name: string, fixture = 'myapp/1.2'): Promise<WorkingCopy> {
    await this.molo.createApp({ body: { name } });
    this.#apps.push(name);
    return WorkingCopy.of(join(this.folder, name), { fixture, remote: `ssh://git@127.0.0.1:${this.settings['MOLO_SSH_PORT']}/${name}.git`, key: this.key });
  }

  /** An app as its visitors reach it. */
  target(app: string): Target {
    return { host: '127.0.0.1', port: Number(this.settings['MOLO_HTTP_PORT']), name: `${app}.${this.settings['MOLO_DOMAIN']}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const app of this.#apps) await this.molo.deleteApp({ params: { app } });
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const production = { environment: 'production' } as const;

/** The one instance of an app as the engine knows it. */
export async function containerOf(app: string): Promise<{ id: string; imageId: string; address: string }> {
  const { stdout } = await run('docker', ['ps', '--quiet', '--no-trunc', '--filter', `label=molo.app=${app}`]);
  const { stdout: facts } = await run('docker', ['inspect', '--format', '{{.Image}} {{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}', stdout.trim()]);
  const [imageId = '', address = ''] = facts.trim().split(' ');
  return { id: stdout.trim(), imageId, address };
}

/** HOST:PORT at which the app's instance answers by itself. */
export async function instanceAddress(app: string): Promise<string> {
  const { id, address } = await containerOf(app);
  const { stdout } = await run('docker', ['inspect', '--format', '{{range .Config.Env}}{{println .}}{{end}}', id]);
  const [, port = '8080'] = /^PORT=(\d+)$/m.exec(stdout) ?? [];
  return `${address}:${port}`;
}
