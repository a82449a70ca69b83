import { AppError } from '@molo/contracts';
import { z } from 'zod';

/** A page as the table has it: `nextCursor` is null at the end. */
export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** The position in a list by time: the time as JavaScript has it, to the millisecond, so that PostgreSQL's is to be cut to that where they are compared. */
export const PositionInTime = z.object({ at: z.iso.datetime(), id: z.uuid() });
export type PositionInTime = z.infer<typeof PositionInTime>;

/**
 * Where the last page ended, from the cursor that was sent.
 * A position is the sort key of the last item (keyset paging), so pages stay right while rows come and go, also that item's own.
 */
export function positionOf<Position extends z.ZodType>(cursor: string | undefined, shape: Position): z.output<Position> | null {
  if (cursor === undefined) return null;
  const parsed = shape.safeParse(decode(cursor));
  if (parsed.success) return parsed.data;
  const errors = [{ path: 'cursor', message: 'is not one that was handed out here' }];
  throw new AppError('invalid_input', { detail: 'The cursor is not one that was handed out here. Start again without it.', errors });
}

/** A page out of `limit + 1` rows: the row too many only tells that there are more. */
export function pageOf<Row, Item>(rows: readonly Row[], limit: number, position: (row: Row) => unknown, view: (row: Row) => Item): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? encode(position(last)) : null;
  return { items: shown.map(view), nextCursor };
}

function encode(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
