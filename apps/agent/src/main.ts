import { setFlagsFromString } from 'node:v8';

// An agent rests most of the time and shares its machine with apps: a small heap is worth more than speed (40 MB less,
// measured after start). It has to be said before the parts are loaded.
setFlagsFromString('--optimize-for-size');
setFlagsFromString('--semi-space-growth-factor=1');

const { run } = await import('./program.js');
await run();
