import { statfs } from 'node:fs/promises';

const lookEveryMs = 1000;
const leftShare = 0.05;
const mostLeftBytes = 10e9;

/** What builds leave free on the disk of a node: a twentieth of it, 10 GB at the most. Instances, logs and the platform's own stores write there, too. */
function floorBytes(diskBytes: number): number {
  return Math.min(diskBytes * leftShare, mostLeftBytes);
}

/** Whether the disk that a folder is on has less free than builds have to leave. A folder that cannot be seen is on no disk of ours. */
export async function isDiskFull(folder: string): Promise<boolean> {
  const disk = await statfs(folder).catch(() => undefined);
  return disk !== undefined && disk.bavail * disk.bsize < floorBytes(disk.blocks * disk.bsize);
}

/** Of the time that a watch lasts, what its looks may take: the build has the same cores and the same disk. */
const lookShare = 0.1;

/** Asks at once and then again and again, and tells once it is so. An asking that fails is no answer. Returns what ends the watch. */
export function whenSo(isSo: () => Promise<boolean>, tell: () => void, everyMs = lookEveryMs): () => void {
  let ended = false;
  let timer: NodeJS.Timeout | undefined;
  const look = async () => {
    const begun = performance.now();
    const so = await isSo().catch(() => false);
    if (ended) return;
    if (so) tell();
    else timer = setTimeout(() => void look(), Math.max(everyMs, (performance.now() - begun) / lookShare));
  };
  void look();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
