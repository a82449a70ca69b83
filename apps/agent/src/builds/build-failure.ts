import { AppError, type BuildOrder } from '@molo/contracts';
import { EngineError } from '../engine/progress.js';
import { baseImageUnavailable, imageOfStep } from './base-images.js';

export interface FailedStep {
  /** BuildKit's name of the step: `[2/4] RUN npm ci`. */
  readonly step: string;
  readonly error: string;
}

const outOfMemoryExit = 137;

/** Says why a build failed: what to do, where that is known, which step, with what exit code, and what it wrote last. */
export function buildFailure(cause: unknown, failed: FailedStep | undefined, lastOutput: readonly string[], order: Pick<BuildOrder, 'imageRepository' | 'limits'>, advice?: string): AppError {
  if (cause instanceof AppError) return cause;
  if (!(cause instanceof EngineError)) {
    return new AppError('unavailable', { detail: 'The Docker Engine broke off the build. Deploy again when it answers.', cause });
  }
  const reason = failed?.error ?? cause.message;
  const image = imageOfStep(failed?.step ?? '');
  if (image !== undefined) return baseImageUnavailable(image, reason, order.imageRepository, cause);
  const exitCode = Number(/exit code: (\d+)/.exec(reason)?.[1] ?? NaN);
  const step = describeStep(failed?.step);
  if (exitCode === outOfMemoryExit) {
    return new AppError('build_out_of_memory', {
      detail: `${step} was killed: builds may use ${Math.round(order.limits.memoryBytes / 1024 ** 2)} MB of memory together. Make the build use less, or ask a sysadmin to raise the limit of builds.`,
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
