import { loadConfig } from '../config.js';
import { createDataSource } from '../database/data-source.js';
import { seedFleet } from './seed-fleet.js';

/*
 * Fills the database of a platform with a fleet, for `npm run bench -- lifecycle`:
 *   node fleet-seed.js APPS NODES INGRESSES
 * Says [{"id": …, "token": …}, …]: the nodes, the ingresses first.
 */
const [apps = 0, nodes = 0, ingresses = 0] = process.argv.slice(2).map(Number);
const config = loadConfig();
const dataSource = await createDataSource(config.databaseUrl, { poolSize: 2 }).initialize();
const seeded = await seedFleet(dataSource, config.masterKey, { apps, nodes, ingresses });
process.stdout.write(`${JSON.stringify(seeded)}\n`);
await dataSource.destroy();
