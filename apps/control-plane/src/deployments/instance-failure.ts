import { AppError } from '@molo/contracts';
import type { Instance } from '../instances/instance.entity.js';

/** Why an instance failed, as its agent says or as its end tells, with the last lines of its log. */
export function failureOf(instance: Instance): AppError {
  const name = `${instance.processType}.${instance.index}`;
  const lines = instance.lastLines.length > 0 ? `\nIts last lines:\n${instance.lastLines.map((line) => `  ${line}`).join('\n')}` : '';
  return new AppError(codeOf(instance), { detail: `${reasonOf(instance, name)}${lines}` });
}

function codeOf({ failure, runsOnce, outOfMemory }: Instance): AppError['code'] {
  if (failure) return failure.code;
  if (runsOnce) return 'release_process_failed';
  return outOfMemory ? 'instance_out_of_memory' : 'instance_exited';
}

function reasonOf({ failure, outOfMemory, exitCode }: Instance, name: string): string {
  if (failure) return failure.detail;
  return outOfMemory ? `${name} was killed for using more memory than its limit.` : `${name} ended with exit code ${exitCode ?? 'unknown'}.`;
}
