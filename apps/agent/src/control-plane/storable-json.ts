/** As JSON.stringify writes them. */
const unstorable = /\\u(?:0000|d[89a-f])/;

/**
 * JSON of a report. PostgreSQL keeps neither NUL characters nor half a surrogate pair, and reports hold what apps write:
 * one such character would have all of it refused, and what else this node saw with it. U+FFFD stands in its place.
 */
export function storableJson(report: unknown): string {
  const json = JSON.stringify(report);
  return unstorable.test(json) ? JSON.stringify(report, (_, value: unknown) => (typeof value === 'string' ? value.replace(/\0|\p{Surrogate}/gu, '\u{fffd}') : value)) : json;
}
