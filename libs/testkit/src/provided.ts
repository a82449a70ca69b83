/** What the global set-up hands to every test through vitest's `provide`. */
declare module 'vitest' {
  interface ProvidedContext {
    /** URL of a PostgreSQL database whose user may create databases. */
    moloDatabaseUrl: string;
    moloRedisUrl: string;
    /** Different for every run: names that are made on a kept server never meet those of another run. */
    moloRunId: string;
  }
}

export {};
