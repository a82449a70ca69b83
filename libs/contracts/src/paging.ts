import { z } from 'zod';

/** A page of a list: pass `nextCursor` as `cursor` to read on; null at the end. */
export function page<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

export const PageQuery = z.object({
  /** Holds where a page ended, such as a name in any script. */
  cursor: z.string().max(1000).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
