import { describe, expect, it } from 'vitest';
import { z as real } from 'zod';
import { z } from './unchecked-schemas';

describe('schemas in the browser', () => {
  const { object, string } = z as typeof real;
  const schema = object({ name: string().min(1).max(3) }).extend({ of: string().optional().default('x') });

  it('can be made as with zod and let every document through', () => {
    expect(schema.safeParse({ name: 'too long' })).toEqual({ success: true, data: { name: 'too long' } });
    expect(schema.parse({ any: 1 })).toEqual({ any: 1 });
  });

  it('tell a document from none', () => {
    expect(schema.safeParse(null).success).toBe(false);
    expect(schema.safeParse('text').success).toBe(false);
  });
});
