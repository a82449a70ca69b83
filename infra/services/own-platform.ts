import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout, childEnvironment, nodeProgram, withoutMolo } from '../config.ts';
import { parseSettings, type Settings } from '../setup/settings.ts';
import { output } from '../terminal/run.ts';

/** A whole platform in a temporary home, started and stopped by the project's own commands. */
export interface OwnPlatform {
  /** As in its molo.env. */
  readonly settings: Settings;
  /** For programs that are to be about this platform. */
  readonly environment: Readonly<Record<string, string>>;
  /** Stops everything, the apps too, and takes the home away. */
  end(): Promise<void>;
}

/** Starts one, its home in `folder`; platforms that run at the same time need names and network pools of their own. */
export async function startOwnPlatform(name: string, settings: Readonly<Record<string, string>>, folder = tmpdir()): Promise<OwnPlatform> {
  const home = mkdtempSync(join(folder, `molo-${name}-`));
  const environment = childEnvironment({ ...withoutMolo(), MOLO_HOME: home, MOLO_NODE_NAME: name, ...settings });
  const npm = (...args: string[]) => output(nodeProgram, [join(checkout, 'infra/bootstrap.mjs'), ...args], environment);
  const docker = dockerOn(settings['MOLO_DOCKER_SOCKET']);
  try {
    await npm('start');
    const all = parseSettings(readFileSync(join(home, 'molo.env'), 'utf8'));
    const images = () => imagesUnder(docker, all['MOLO_REGISTRY_HOST'] ?? '');
    // Another platform may have had the same registry address, and may want its images again.
    const others = new Set(await images());
    const end = async () => {
      await npm('stop');
      // While it still runs: the engine may be one that this platform keeps.
      await removeFromEngine(docker, home, async () => (await images()).filter((image) => !others.has(image)));
      await npm('stop', '--all');
      rmSync(home, { recursive: true, force: true });
    };
    return { settings: all, environment, end };
  } catch (error) {
    await npm('stop', '--all').catch(() => undefined);
    throw error;
  }
}

type Docker = (...args: string[]) => Promise<string>;

function dockerOn(socket: string | undefined): Docker {
  return (...args) => output('docker', args, socket === undefined ? {} : { DOCKER_HOST: `unix://${socket}` });
}

/** By names, not ids: another platform's image may be the same under a name of its own. */
async function imagesUnder(docker: Docker, registryHost: string): Promise<string[]> {
  const format = '{{.Repository}}:{{.Tag}}\n{{.Repository}}@{{.Digest}}';
  const names = lines(await docker('images', '--digests', '--filter', 'label=molo.managed=true', '--filter', `reference=${registryHost}/*`, '--format', format));
  return names.filter((name) => !name.endsWith('<none>'));
}

/** A platform that is stopped keeps what it has on the engine, to go on with; one whose home goes has nobody who would ever take it away. */
async function removeFromEngine(docker: Docker, home: string, images: () => Promise<string[]>): Promise<void> {
  const nodeFile = join(home, 'agent/node.id');
  if (!existsSync(nodeFile)) return;
  const filter = `label=molo.node=${readFileSync(nodeFile, 'utf8').trim()}`;
  const containers = lines(await docker('ps', '--all', '--quiet', '--filter', filter));
  if (containers.length > 0) await docker('rm', '--force', ...containers);
  const networks = lines(await docker('network', 'ls', '--quiet', '--filter', filter));
  if (networks.length > 0) await docker('network', 'rm', ...networks);
  const made = await images();
  // The digest's name goes with the last tag; with --force a name that is gone is none to complain of.
  if (made.length > 0) await docker('rmi', '--force', ...made);
}

function lines(text: string): string[] {
  return text.split('\n').filter(Boolean);
}
