import { AppError, api, type DeploymentEvent } from '@molo/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createClient } from './client.js';

const at = '2026-01-02T03:04:05.000Z';
const params = { deploymentId: '6f2f4f9a-52a2-4f60-9a2f-0d6b6f2f4f9a' };

/** A platform that sends these pieces, and then hangs up for good. */
function platformOf(pieces: readonly Uint8Array[]) {
  let asked = 0;
  return createClient({
    baseUrl: 'http://molo',
    fetch: () => {
      if (asked++ > 0) return Promise.reject(new Error('gone'));
      const body = new ReadableStream<Uint8Array>({ start: (stream) => (pieces.forEach((piece) => stream.enqueue(piece)), stream.close()) });
      return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
    },
  });
}

async function eventsOf(pieces: readonly Uint8Array[]): Promise<{ events: DeploymentEvent[]; error: unknown }> {
  const events: DeploymentEvent[] = [];
  try {
    for await (const event of platformOf(pieces).followDeployment({ params }, { giveUpAfterMs: -1 })) events.push(event);
    return { events, error: null };
  } catch (error) {
    return { events, error };
  }
}

function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => place % (whole.length + 1)), whole.length].toSorted((a, b) => a - b);
  return cuts.slice(1).map((end, index) => whole.subarray(cuts[index], end));
}

describe('an event stream', () => {
  it('gives the same events however its bytes are cut on their way', async () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(texts, fc.array(fc.nat(3000), { maxLength: 10 }), async (lines, places) => {
        const sent = lines.map((text, index): DeploymentEvent => ({ kind: 'log', seq: index + 1, at, source: 'build', text }));
        const whole = Buffer.from(`${sent.map((event) => `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`).join(': keep-alive\n\n')}event: end\ndata: {}\n\n`);
        expect(await eventsOf(cut(whole, places))).toEqual({ events: sent, error: null });
      }),
    );
  });

  it('of any bytes gives events of its shape, and ends with an error that has a code', async () => {
    const part = fc.constantFrom('data: {}\n\n', 'data: null\n\n', 'event: problem\n', 'event: end', 'id: \0\n', 'retry: 9999999\n', '\r', '\n', ':', 'data', '\ufeff', `data: {"kind":"log"}\n\n`);
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.array(part, { maxLength: 8 }).map((parts) => Buffer.from(parts.join(''))));
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        const { events, error } = await eventsOf([sent]);
        for (const event of events) api.followDeployment.response.parse(event);
        if (error !== null) expect(error).toBeInstanceOf(AppError);
      }),
      { numRuns: 300 },
    );
  });
});
