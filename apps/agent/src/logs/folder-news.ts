import { watch, type FSWatcher } from 'node:fs';

/** Where the kernel watches no more folders, they are looked at this often. */
const unwatchedMs = 500;
const longestWaitMs = 60_000;

/** Whether something in a folder was written to since this was made. */
export class FolderNews implements Disposable {
  private readonly arrived: Promise<void>;
  private arrive!: () => void;
  private readonly watcher: FSWatcher | null;

  constructor(folder: string) {
    this.arrived = new Promise((resolve) => (this.arrive = resolve));
    this.watcher = watcherOf(folder, () => this.arrive());
    this.watcher?.on('error', () => this.arrive());
  }

  /** Resolves soon after something was written, when the signal fires, and now and then without. */
  async wait(signal: AbortSignal): Promise<void> {
    const arrive = () => this.arrive();
    const timer = setTimeout(arrive, this.watcher === null ? unwatchedMs : longestWaitMs);
    signal.addEventListener('abort', arrive);
    if (signal.aborted) arrive();
    await this.arrived;
    clearTimeout(timer);
    signal.removeEventListener('abort', arrive);
  }

  [Symbol.dispose](): void {
    this.watcher?.close();
  }
}

function watcherOf(folder: string, listener: () => void): FSWatcher | null {
  try {
    return watch(folder, listener);
  } catch {
    return null;
  }
}
