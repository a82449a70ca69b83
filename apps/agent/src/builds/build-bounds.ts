import { AppError, type BuildOrder } from '@molo/contracts';
import type Docker from 'dockerode';
import { isDiskFull, whenSo } from './disk-watch.js';
import { WrittenLayers } from './written-layers.js';

/** A disk takes a gigabyte in a second, and what is written and removed again was there nevertheless. */
const writtenEveryMs = 200;

/** Why a build was ended at one of its limits, as it is reported. */
export class LimitReached extends AppError {}

/** Tells when a build has taken too long or too much of the disk. Memory, CPU and processes are the kernel's to limit. Returns what ends the watch. */
export function watchBounds(docker: Docker, limits: BuildOrder['limits'], tell: (reason: LimitReached) => void): () => void {
  const timer = setTimeout(() => tell(tooLong(limits)), limits.timeoutSeconds * 1000);
  let folder: string | undefined;
  const engineFolder = async () => (folder ??= ((await docker.info()) as { DockerRootDir: string }).DockerRootDir);
  let written: WrittenLayers | undefined;
  const endings = [
    whenSo(async () => isDiskFull(await engineFolder()), () => tell(diskFull())),
    whenSo(async () => (written ??= new WrittenLayers(await engineFolder(), limits.diskBytes)).areTooMuch(), () => tell(tooMuch(limits)), writtenEveryMs),
  ];
  return () => {
    clearTimeout(timer);
    for (const end of endings) end();
  };
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
