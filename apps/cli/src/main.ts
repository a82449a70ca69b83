#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Compiled code is kept in the user's own folder, where nobody else can put code in its place.
enableCompileCache(join(homedir(), '.cache', 'molo'));
const { run } = await import('./program.js');
await run(process.argv);
