interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

const longestPage = 200;

/** Reads a list page by page, up to `limit` items. */
export async function readPages<Item>(read: (query: { limit: number; cursor?: string }) => Promise<Page<Item>>, limit = Number.POSITIVE_INFINITY): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null && items.length < limit) {
    const page: Page<Item> = await read({ limit: Math.min(longestPage, limit - items.length), ...(cursor === undefined ? {} : { cursor }) });
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}
