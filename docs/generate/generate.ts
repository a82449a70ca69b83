/**
 * Writes the generated parts of the docs: node docs/generate/generate.ts, after npx tsc -b.
 * With --check it writes nothing, names the files that are out of date and ends with 1.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { api, ManifestFile } from '@molo/contracts';
import { shells } from '../../apps/cli/dist/completion/shells.js';
import { exitCodes } from '../../apps/cli/dist/exit-codes.js';
import { makeProgram } from '../../apps/cli/dist/program.js';
import { generatedParts, replacePart } from './generated-parts.ts';

const isCheck = process.argv.includes('--check');

for (const part of generatedParts({ api, manifest: ManifestFile, program: makeProgram(), exitCodes, shells })) {
  const file = new URL(`../${part.file}`, import.meta.url);
  const before = readFileSync(file, 'utf8');
  const after = replacePart(before, part);
  if (after === before) continue;
  if (isCheck) {
    process.stdout.write(`docs/${part.file} is out of date: node docs/generate/generate.ts\n`);
    process.exitCode = 1;
  } else writeFileSync(file, after);
}
