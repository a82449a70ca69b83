import { join } from 'node:path';
import Docker from 'dockerode';
import { AppError } from '@molo/contracts';
import { loadStackConfig } from './config.js';
import { ensureStack, isStackName, stackSuites } from './stack-image.js';

/** `node dist/stacks/make-stack.js [debian-12]`: makes the OS Base image of a stack where it is missing. */
async function main(): Promise<void> {
  const config = loadStackConfig();
  const name = process.argv[2] ?? config.stack;
  if (!isStackName(name)) throw new AppError('invalid_input', { detail: `There is no stack ${name}. There are: ${Object.keys(stackSuites).join(', ')}.` });
  const docker = new Docker({ socketPath: config.dockerSocket });
  const settings = { cacheFolder: join(config.home, 'agent/cache'), mirror: config.debianMirror, proxy: config.proxy };
  const report = await ensureStack(docker, name, settings, (line) => process.stdout.write(`       ${line}\n`));
  process.stdout.write(`       ${report.imageId}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof AppError ? error.detail : String(error)}\n`);
  process.exitCode = 1;
});
