import type { Readable } from 'node:stream';
import { flush, packet, packets } from './pkt-line.js';
import { complaint } from './push-narrative.js';

/** The side bands that receive-pack multiplexes its output into (gitprotocol-pack). */
const bands = { report: 1, progress: 2 } as const;

/** The reason that receive-pack reports. It calls no hook for such a push, and tells of it in no other way. */
const reason = 'shallow update not allowed';
const advice = complaint('This clone is shallow: it lacks a part of its history, which this repository lacks too.\nFetch it and push again: git fetch --unshallow\n(in CI: check out with the whole history; "fetch-depth: 0" for actions/checkout)');

/** The output of receive-pack as it is, and what to do before the report that refuses a push from a shallow clone. */
export async function* withShallowAdvice(output: Readable): AsyncGenerator<Buffer> {
  for await (const payload of packets(output)) {
    if (payload?.[0] === bands.report && payload.includes(reason)) yield packet(Buffer.concat([Buffer.of(bands.progress), Buffer.from(`${advice.join('\n')}\n`)]));
    yield payload === null ? flush : packet(payload);
  }
}
