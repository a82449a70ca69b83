import type { LayerKind } from '@molo/contracts';
import type { AppPlan } from '../source/app-plan.js';
import type { BuildLog } from './build-log.js';
import type { FailedStep } from './build-failure.js';
import type { TraceEvent } from './buildkit-trace.js';
import type { Layer } from './image-push.js';
import { knownCause } from './known-causes.js';

const keptLines = 10;

/** Tells BuildKit's events in the words of the log, and remembers the step that failed. */
export class BuildStory {
  failed: FailedStep | undefined;
  private current: string | undefined;
  private readonly lastLines = new Map<string, string[]>();
  private readonly knownCauses = new Map<string, string>();

  constructor(
    private readonly log: BuildLog,
    private readonly isGenerated: boolean,
  ) {}

  tell(event: TraceEvent): void {
    switch (event.kind) {
      case 'started':
        break;
      case 'line':
        this.announce(event.step);
        this.remember(event.step, this.log.output(event.text));
        break;
      case 'cached':
        if (!this.isGenerated && isInstruction(event.step)) this.log.detail(`${plainStep(event.step)} (unchanged)`);
        break;
      case 'completed':
        if (!this.isGenerated && isInstruction(event.step)) this.announce(event.step);
        break;
      case 'failed':
        if (!event.error.includes('context canceled')) this.failed ??= { step: event.step, error: event.error };
        if (isInstruction(event.step)) this.announce(event.step);
        break;
    }
  }

  /** What the step that failed wrote last. */
  get lastOutput(): readonly string[] {
    return this.lastLines.get(this.failed?.step ?? '') ?? [];
  }

  /** What to do about it, where a line of that step told. */
  get advice(): string | undefined {
    return this.knownCauses.get(this.failed?.step ?? '');
  }

  private remember(step: string, line: string): void {
    const known = this.knownCauses.has(step) ? undefined : knownCause(line);
    if (known !== undefined) this.knownCauses.set(step, known);
    if (line.trim() !== '') this.lastLines.set(step, [...(this.lastLines.get(step) ?? []).slice(1 - keptLines), line]);
  }

  /** Steps run beside each other: lines of another step come under a heading of their own. */
  private announce(step: string): void {
    if (this.current === step || !isInstruction(step)) return;
    this.current = step;
    this.log.heading(this.isGenerated ? friendlyStep(step) : plainStep(step));
  }
}

export function tellPlan(log: BuildLog, plan: AppPlan): void {
  log.heading(plan.headline);
  for (const note of plan.notes) log.detail(note);
}

const layerTitles: Readonly<Record<LayerKind, string>> = { 'os-base': 'OS Base', 'os-custom': 'OS Custom', binary: 'Binary', library: 'Library', source: 'Source' };

export function tellLayers(log: BuildLog, layers: readonly Layer[]): void {
  for (const kind of Object.keys(layerTitles) as LayerKind[]) {
    const own = layers.filter((layer) => layer.kind === kind);
    if (own.length === 0) continue;
    const total = own.reduce((sum, { bytes }) => sum + bytes, 0);
    const sent = own.filter(({ moved }) => moved).reduce((sum, { bytes }) => sum + bytes, 0);
    log.detail(`${layerTitles[kind].padEnd(10)} ${formatBytes(total).padStart(8)}  ${sent > 0 ? 'sent' : 'unchanged'}`);
  }
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function isInstruction(step: string): boolean {
  return /^\[(?!internal\])[^\]]*\] (?!FROM )/.test(step);
}

function plainStep(step: string): string {
  return step.replace(/^\[(?:stage-\d+ )?([^\]]*)\]/, 'Step $1:').replace(/--mount=\S+ /g, '').slice(0, 160);
}

/** Steps of a generated Dockerfile, by what they are for. */
function friendlyStep(step: string): string {
  if (step.includes('apt-get')) return 'Installing Debian packages';
  if (step.includes(' prune ')) return 'Leaving out what only development needs';
  if (step.startsWith('[library ')) return 'Installing dependencies';
  if (step.includes('cp -R /mnt/. /app/')) return 'Installing dependencies for the build';
  const [, command = ''] = /^\[build [^\]]*\] RUN .*?cd \/app && ([\s\S]+)$/.exec(step) ?? [];
  if (command) return `Running ${command.replace(/^(?:export \S+=.*? && )+/, '').slice(0, 120)}`;
  return 'Building the image';
}
