import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { z } from 'zod';
import { SimulatedNode } from './simulated-node.js';

/*
 * Simulated nodes for `npm run bench -- lifecycle`:
 *   node fleet-bench.js CONTROL_PLANE_URL < nodes.json
 * with [{"token": …}, …]. It ends when it is told to by a signal.
 */
const nodes = z.array(z.object({ token: z.string() })).parse(JSON.parse(await text(process.stdin)));
const log = pino({ level: 'warn' }, pino.destination(2));
for (const { token } of nodes) new SimulatedNode(process.argv[2] ?? '', token, log).start();
