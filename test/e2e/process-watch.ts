import { readdirSync, readFileSync } from 'node:fs';

const everyMs = 20;

/** What programs show of themselves in /proc, as long as it watches: of all but apps in containers, and what the test itself starts. */
export class ProcessWatch {
  readonly #commandLines = new Set<string>();
  readonly #environments = new Set<string>();
  readonly #timer = setInterval(() => this.#look(), everyMs);

  get commandLines(): string {
    return [...this.#commandLines].join('\n');
  }

  get environments(): string {
    return [...this.#environments].join('\n');
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const parents = new Map(ids.map((id) => [id, parentOf(id)]));
    for (const id of ids) {
      if (isOurs(id, parents) || isInContainer(id)) continue;
      this.#commandLines.add(read(id, 'cmdline'));
      this.#environments.add(read(id, 'environ'));
    }
  }
}

function isOurs(id: string, parents: ReadonlyMap<string, string>): boolean {
  for (let at: string | undefined = id; at !== undefined && at !== '0'; at = parents.get(at)) if (at === String(process.pid)) return true;
  return false;
}

function isInContainer(id: string): boolean {
  return /docker/.test(read(id, 'cgroup'));
}

function parentOf(id: string): string {
  return /\) \S (\d+)/.exec(read(id, 'stat'))?.[1] ?? '0';
}

/** Empty for one that has ended meanwhile. */
function read(id: string, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
