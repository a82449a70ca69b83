import { z } from 'zod';

/** The JSON Schema of molo.yml, as people write it, for editors. */
export function manifestSchema(manifest: z.ZodType): string {
  const schema = z.toJSONSchema(manifest, {
    io: 'input',
    // zod names its own check as a format; the pattern beside it says the same to others.
    override: ({ jsonSchema }) => {
      if (jsonSchema.format === 'starts_with') delete jsonSchema.format;
    },
  });
  return `${JSON.stringify({ title: 'molo.yml', description: 'How Molo builds and runs an app', ...schema }, null, 2)}\n`;
}
