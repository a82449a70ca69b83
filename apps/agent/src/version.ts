import { createRequire } from 'node:module';
import { z } from 'zod';

const Package = z.object({ version: z.string() });

export const agentVersion = Package.parse(createRequire(import.meta.url)('../package.json')).version;
