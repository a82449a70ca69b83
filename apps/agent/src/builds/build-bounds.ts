import { setTimeout as pause } from 'node:timers/promises';
import { AppError, type BuildOrder } from '@molo/contracts';
import type Docker from 'dockerode';
import { isDiskFull, whenSo } from './disk-watch.js';
import { WrittenLayers } from './written-layers.js';

/** A disk takes a gigabyte in a second, and what is written and removed again was there nevertheless. */
const writtenEveryMs = 200;
/** How long a build waits for a look at what is there before it. */
const longestLookMs = 2000;

/** Why a build was ended at one of its limits, as it is reported. */
export class LimitReached extends AppError {}

/** The bounds of builds that the agent has to see to itself: memory, CPU and processes are the kernel's to limit. */
export class BuildBounds {
  private folder: string | undefined;

  constructor(private readonly docker: Docker) {}

  /**
   * Tells when a build takes too long or too much of the disk. To be awaited before the build begins, which is what it
   * counts from. Returns what ends the watch.
   */
  async watch(limits: BuildOrder['limits'], tell: (reason: LimitReached) => void): Promise<() => void> {
    const timer = setTimeout(() => tell(tooLong(limits)), limits.timeoutSeconds * 1000);
    // An engine that does not answer holds up no limit: what is there is then counted from when it can be seen.
    let written = await Promise.race([this.writtenLayers().catch(() => undefined), pause(longestLookMs, undefined, { ref: false })]);
    const isTooMuch = async () => (await (written ??= await this.writtenLayers()).bytes()) > limits.diskBytes;
    const endings = [
      whenSo(async () => isDiskFull(await this.engineFolder()), () => tell(diskFull())),
      whenSo(isTooMuch, () => tell(tooMuch(limits)), writtenEveryMs),
    ];
    return () => {
      clearTimeout(timer);
      for (const end of endings) end();
    };
  }

  private async writtenLayers(): Promise<WrittenLayers> {
    return WrittenLayers.sinceNow(await this.engineFolder());
  }

  private async engineFolder(): Promise<string> {
    return (this.folder ??= ((await this.docker.info()) as { DockerRootDir: string }).DockerRootDir);
  }
}

function tooLong({ timeoutSeconds }: BuildOrder['limits']): LimitReached {
  return new LimitReached('build_timed_out', { detail: `The build took longer than ${timeoutSeconds} seconds. Make it shorter, or ask a sysadmin to raise the limit of builds.` });
}

function diskFull(): LimitReached {
  return new LimitReached('build_out_of_disk', { detail: 'The disk of the node is nearly full, and builds leave what remains to the apps. Make the build write less, or have a sysadmin make room on the node; then deploy again.' });
}

function tooMuch({ diskBytes }: BuildOrder['limits']): LimitReached {
  return new LimitReached('build_disk_exceeded', {
    detail: `More than ${Math.round(diskBytes / 1024 ** 2)} MB were written while the build ran, which is as much as a build, or builds at the same time together, may. Make the build write less, or ask a sysadmin to raise MOLO_BUILD_DISK.`,
  });
}
