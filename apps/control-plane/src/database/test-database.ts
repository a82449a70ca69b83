import { createTestDatabase, type TestDatabase } from '@molo/testkit';
import { createDataSource, migrate } from './data-source.js';

/** A database of a test's own, with the schema as it is. */
export async function createSchemaDatabase(): Promise<TestDatabase> {
  return createTestDatabase({ name: 'control_plane', prepare: prepareSchema });
}

async function prepareSchema(url: string): Promise<void> {
  const dataSource = await createDataSource(url).initialize();
  await migrate(dataSource);
  await dataSource.destroy();
}
