import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { storableJson } from './storable-json.js';

it('what apps write is reported as it is, but for what no database keeps', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.constantFrom('a', '\0', '\ud83d', '\ude00', '😀', '\\u0000', '\\', '"'), { maxLength: 8 }).map((parts) => parts.join('')));
  fc.assert(
    fc.property(text, (line) => {
      const [told] = (JSON.parse(storableJson({ lastLines: [line], exitCode: 1 })) as { lastLines: [string] }).lastLines;
      expect(told).not.toMatch(/\0|\p{Surrogate}/u);
      expect(told.length).toBe(line.length);
      if (!/\0|\p{Surrogate}/u.test(line)) expect(told).toBe(line);
    }),
    { numRuns: 500 },
  );
});
