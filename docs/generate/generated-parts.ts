import type { Endpoint } from '@molo/contracts';
import type { Command } from 'commander';
import type { z } from 'zod';
import { commandList } from './command-list.ts';
import { endpointTables } from './endpoint-table.ts';
import { manifestSchema } from './manifest-schema.ts';

export interface Sources {
  readonly api: Readonly<Record<string, Endpoint>>;
  readonly manifest: z.ZodType;
  readonly program: Command;
  readonly exitCodes: Readonly<Record<string, { readonly code: number; readonly meaning: string }>>;
  readonly shells: Readonly<Record<string, { readonly once: string; readonly forGood: readonly string[] }>>;
}

export interface GeneratedPart {
  /** Under docs/. */
  readonly file: string;
  /** Name in the file's markers; null where the whole file is generated. */
  readonly part: string | null;
  readonly text: string;
}

/** Whatever in the docs is made from the code, so that it cannot say anything else. */
export function generatedParts({ api, manifest, program, exitCodes, shells }: Sources): GeneratedPart[] {
  const codes = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  return [
    { file: 'molo.schema.json', part: null, text: manifestSchema(manifest) },
    { file: 'rest.md', part: 'endpoints', text: endpointTables(api) },
    { file: 'cli.md', part: 'commands', text: commandList(program) },
    { file: 'cli.md', part: 'completion', text: Object.entries(shells).map(([name, { once, forGood }]) => `In ${name}, for one session and for good:\n\n\`\`\`${name}\n${[once, '', ...forGood].join('\n')}\n\`\`\``).join('\n\n') },
    { file: 'cli.md', part: 'exit codes', text: ['| code | meaning |', '|---|---|', ...codes].join('\n') },
  ];
}

/** Puts the text between `<!-- begin NAME -->` and `<!-- end NAME -->`. */
export function replacePart(document: string, { part, text }: GeneratedPart): string {
  if (part === null) return text;
  const [begin, end] = [`<!-- begin ${part} -->`, `<!-- end ${part} -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`There is no ${begin} … ${end} to fill.`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}
