import { setSourceMapsSupport } from 'node:module';
import { setFlagsFromString } from 'node:v8';

// An agent rests most of the time and shares its machine with apps: a small heap is worth more than speed (40 MB less,
// measured after start). It has to be said before the parts are loaded. More of it stands on the command line, since
// V8 and malloc take it from there alone (see infra/services/programs.ts).
setFlagsFromString('--optimize-for-size');
// Of our own code: the maps of all packages would stay in memory, 4 MB of them.
setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });

const { run } = await import('./program.js');
await run();
