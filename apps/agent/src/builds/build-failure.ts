import { AppError } from '@molo/contracts';
import { EngineError } from '../engine/progress.js';
import { stackSuites } from '../stacks/stack-image.js';

export interface FailedStep {
  /** BuildKit's name of the step: `[2/4] RUN npm ci`. */
  readonly step: string;
  readonly error: string;
}

const outOfMemoryExit = 137;

/** Says why a build failed: what to do, where that is known, which step, with what exit code, and what it wrote last. */
export function buildFailure(cause: unknown, failed: FailedStep | undefined, lastOutput: readonly string[], limits: { memoryBytes: number }, advice?: string): AppError {
  if (cause instanceof AppError) return cause;
  if (!(cause instanceof EngineError)) {
    return new AppError('unavailable', { detail: 'The Docker Engine broke off the build. Deploy again when it answers.', cause });
  }
  const reason = failed?.error ?? cause.message;
  const image = missingImage(failed?.step ?? '');
  if (image !== undefined) return baseImageUnavailable(image, reason, cause);
  const exitCode = Number(/exit code: (\d+)/.exec(reason)?.[1] ?? NaN);
  const step = describeStep(failed?.step);
  if (exitCode === outOfMemoryExit) {
    return new AppError('build_out_of_memory', {
      detail: `${step} was killed: builds may use ${Math.round(limits.memoryBytes / 1024 ** 2)} MB of memory together. Make the build use less, or ask a sysadmin to raise the limit of builds.`,
      cause,
    });
  }
  const ending = Number.isNaN(exitCode) ? `failed: ${reason}` : `ended with exit code ${exitCode}`;
  const said = lastOutput.length > 0 ? `. Its last lines:\n${lastOutput.join('\n')}` : '.';
  return new AppError('build_step_failed', { detail: `${advice === undefined ? '' : `${advice} `}${step} ${ending}${said}`, cause });
}

/** Whether a build failed for want of the frontend that the Dockerfile's `# syntax=` line names. */
export function lacksFrontend(failed: FailedStep | undefined): boolean {
  return failed?.step.startsWith('resolve image config for') ?? false;
}

/** BuildKit resolves a base image, or the frontend of a `# syntax=` line, in a step of its own. */
function missingImage(step: string): string | undefined {
  return /^(?:\[internal\] load metadata for|resolve image config for|\[[^\]]+\] FROM|docker-image:\/\/)\s*(\S+)$/.exec(step)?.[1];
}

function baseImageUnavailable(image: string, reason: string, cause: unknown): AppError {
  const short = image.replace(/^docker\.io\/(library\/)?/, '').replace(/@sha256:.*/, '');
  const stacks = Object.keys(stackSuites).map((name) => `molo/stack:${name}`).join(' or ');
  const detail = short.startsWith('docker/dockerfile')
    ? `The Dockerfile's "# syntax=${short}" line needs an image that this node cannot fetch (${reason}). Remove that line, or give the node access to its registry.`
    : `The base image ${short} is not on this node and could not be fetched (${reason}). Use ${stacks}, which every node has, or give the node access to the image's registry.`;
  return new AppError('base_image_unavailable', { detail, cause });
}

/** `Step 3 of 4, RUN make,` in the words of the Dockerfile. */
function describeStep(step: string | undefined): string {
  const [, stage, number, total, instruction] = /^\[(?:(\S+) )?(\d+)\/(\d+)\] ([\s\S]+)$/.exec(step ?? '') ?? [];
  if (instruction === undefined) return step ? `The step "${step}"` : 'The build';
  const name = stage && !stage.startsWith('stage-') ? ` of stage ${stage}` : '';
  return `Step ${number} of ${total}${name}, "${shortened(instruction)}",`;
}

function shortened(instruction: string): string {
  const plain = instruction.replace(/--mount=\S+ /g, '').replace(/^RUN cd \/app && (?:export .+? && )*(?:cp -R \/mnt\/\. \/app\/ && )?/, 'RUN ');
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain;
}
