/*
 * Stands in for zod in the browser (see next.config.ts): the page takes the platform's answers unchecked. With zod
 * the largest page, 190 kB of script (gzip), would be some 30 kB larger and over its budget of 200 kB. What it is given holds all the same: the server checks what comes in, its handlers' answers
 * are typed by the same table, and page and server are built together from one checkout. A page that was left open over
 * an upgrade may meet a shape that it does not know; it then breaks into the error page, which says to load it again.
 * Only what must be told apart without that is checked by hand: a document from none, and a problem's code (libs/client).
 */

type Parsed = { readonly success: true; readonly data: unknown } | { readonly success: false; readonly error: { readonly issues: readonly never[] } };

const checks: Readonly<Record<string, unknown>> = {
  /** Only tells a document from none. */
  safeParse: (value: unknown): Parsed => (typeof value === 'object' && value !== null ? { success: true, data: value } : { success: false, error: { issues: [] } }),
  parse: (value: unknown): unknown => value,
};

/** Any schema, made of any others. */
export const z: object = new Proxy(() => z, {
  get: (_, name) => (typeof name === 'symbol' || name === 'then' ? undefined : (checks[name] ?? z)),
});
