import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { harmless, harmlessJson } from './harmless.js';

// oxlint-disable-next-line no-control-regex
const harmful = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const part = fc.constantFrom('\u001b', '\u001b[', '\u001b]0;title\u0007', '\u009b31m', '\u009d8;;http://x\u009c', '\u001bP', '\u001b\\', '[31m', '\u0007', '\r', '\n', '\u0008', '\u202e', '\u061c', '\u2066', 'x', '\0');
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 100 }), fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')));

it('no text of a stranger does anything to a terminal but show itself', () => {
  fc.assert(fc.property(text, (line) => {
      expect(harmless(line)).not.toMatch(harmful);
    }), { numRuns: 1000 });
});

it('JSON does nothing to a terminal, and means what it meant', () => {
  fc.assert(
    fc.property(fc.dictionary(text, fc.oneof(text, fc.jsonValue())), fc.constantFrom(0, 2), (value, indent) => {
      const json = harmlessJson(value, indent);
      expect(json).not.toMatch(harmful);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
