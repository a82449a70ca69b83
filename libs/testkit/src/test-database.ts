import { randomBytes } from 'node:crypto';
import { Client, escapeIdentifier } from 'pg';
import { inject } from 'vitest';
import './provided.js';

export interface TestTemplate {
  /** Short name of the template; it is made once a run and shared by all test files. */
  readonly name: string;
  /** Fills the empty template, for example by running the migrations. Must have closed its connections when it returns. */
  readonly prepare: (url: string) => Promise<void>;
}

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** Drops the database, whoever is connected. What is never dropped goes with the run. */
  drop(): Promise<void>;
}

/** Any number, as long as everyone who makes templates takes the same. */
const templateLock = 7_020_622;

/** A fresh database: empty, or cloned from a template, which takes a few tens of milliseconds. */
export async function createTestDatabase(template?: TestTemplate): Promise<TestDatabase> {
  const name = `molo_test_${inject('moloRunId')}_${randomBytes(5).toString('hex')}`;
  await withAdmin(async (admin) => {
    const source = template ? await ensureTemplate(admin, template) : 'template0';
    await admin.query(`create database ${escapeIdentifier(name)} template ${escapeIdentifier(source)}`);
  });
  const drop = () => withAdmin((admin) => admin.query(`drop database if exists ${escapeIdentifier(name)} with (force)`).then(() => undefined));
  return { url: urlOf(name), drop, [Symbol.asyncDispose]: drop };
}

async function ensureTemplate(admin: Client, template: TestTemplate): Promise<string> {
  const name = `molo_test_${inject('moloRunId')}_template_${template.name}`;
  await admin.query('select pg_advisory_lock($1)', [templateLock]);
  try {
    const { rowCount } = await admin.query('select 1 from pg_database where datname = $1 and not datallowconn', [name]);
    if (rowCount === 0) await makeTemplate(admin, name, template);
  } finally {
    await admin.query('select pg_advisory_unlock($1)', [templateLock]);
  }
  return name;
}

/** Connections are forbidden last: that marks the template as whole, and cloning needs nobody connected to it. */
async function makeTemplate(admin: Client, name: string, template: TestTemplate): Promise<void> {
  await admin.query(`drop database if exists ${escapeIdentifier(name)} with (force)`);
  await admin.query(`create database ${escapeIdentifier(name)} template template0`);
  await template.prepare(urlOf(name));
  await admin.query(`alter database ${escapeIdentifier(name)} with allow_connections false`);
}

async function withAdmin<T>(work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: inject('moloDatabaseUrl') });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

function urlOf(database: string): string {
  const url = new URL(inject('moloDatabaseUrl'));
  url.pathname = `/${database}`;
  return url.href;
}
