import { portSuffix } from '../setup/settings.ts';
import { quote, type Service, type Surroundings } from './service.ts';

/** The private PostgreSQL: made at its first start, on loopback and a socket of its own, durable. */
export function postgres({ settings, home, postgresPrograms }: Surroundings): Service {
  const folder = `${home}/postgres`;
  const data = `${folder}/data`;
  const program = (name: string) => quote(`${postgresPrograms}/${name}`);
  const configuration = [
    `data_directory = '${data}'`,
    `hba_file = '${home}/services/postgres/pg_hba.conf'`,
    "listen_addresses = '127.0.0.1'",
    `port = ${settings['MOLO_POSTGRES_PORT']}`,
    `unix_socket_directories = '${home}/run/postgres'`,
    'max_connections = 200',
    'shared_buffers = 128MB',
    // Pages go to the log whole after each checkpoint: this takes a tenth of the time of what `on` stands for.
    'wal_compression = lz4',
    // Statements are short and come often: compiling one takes longer than running it.
    'jit = off',
    'password_encryption = scram-sha-256',
    "timezone = 'UTC'",
    "log_timezone = 'UTC'",
    "log_line_prefix = '%q%u@%d '",
    'log_min_duration_statement = 1s',
    'logging_collector = off',
  ];
  return {
    name: 'postgres',
    unprivileged: true,
    needs: [],
    // Made beside its place and moved there whole: a set-up that is killed half-way starts again from nothing.
    prepare: [
      `if [ ! -e ${quote(data)} ]; then`,
      `  rm -rf ${quote(`${data}.new`)}`,
      `  as_user ${program('initdb')} -D ${quote(`${data}.new`)} -U molo --pwfile=${quote(`${home}/secrets/postgres.password`)} -A scram-sha-256 -E UTF8 --locale=C.UTF-8 --data-checksums >/dev/null || exit 1`,
      `  echo 'create database molo' | as_user ${program('postgres')} --single -D ${quote(`${data}.new`)} postgres >/dev/null || exit 1`,
      `  mv ${quote(`${data}.new`)} ${quote(data)}`,
      'fi',
    ],
    command: `${program('postgres')} -D ${quote(data)} -c config_file=${quote(`${home}/services/postgres/postgresql.conf`)}`,
    // PostgreSQL's fast shutdown: with SIGTERM it would wait for every client to leave.
    endSignal: 'INT',
    check: `${program('pg_isready')} -q -h ${quote(`${home}/run/postgres`)} -p ${settings['MOLO_POSTGRES_PORT']}`,
    files: {
      'postgresql.conf': `${configuration.join('\n')}\n`,
      'pg_ident.conf': '',
      'pg_hba.conf': 'local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n',
    },
  };
}

/** The private Redis: holds queued work only, loses at most a second of it, refuses rather than evicts. */
export function redis({ settings, home, redisPassword }: Surroundings): Service {
  const configuration = [
    'bind 127.0.0.1',
    `port ${settings['MOLO_REDIS_PORT']}`,
    `unixsocket ${home}/run/redis/redis.sock`,
    'unixsocketperm 700',
    `requirepass ${redisPassword}`,
    `dir ${home}/redis`,
    'daemonize no',
    'appendonly yes',
    'appendfsync everysec',
    'save ""',
    'maxmemory-policy noeviction',
  ];
  return {
    name: 'redis',
    unprivileged: true,
    needs: [],
    command: `redis-server ${quote(`${home}/services/redis/redis.conf`)}`,
    check: `[ "$(REDISCLI_AUTH="$(cat ${quote(`${home}/secrets/redis.password`)})" redis-cli -s ${quote(`${home}/run/redis/redis.sock`)} ping)" = PONG ]`,
    files: { 'redis.conf': `${configuration.join('\n')}\n` },
  };
}

/** CNCF Distribution with TLS of the internal CA; who may pull or push is said by tokens of the control plane. */
export function registry({ settings, home, node, checkout, registrySecret }: Surroundings): Service {
  const marker = quote(`${home}/run/registry.collect`);
  const configuration = {
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: `${home}/registry`, maxthreads: 100 }, delete: { enabled: true }, cache: { blobdescriptor: 'inmemory' }, maintenance: { uploadpurging: { enabled: true, age: '24h', interval: '6h', dryrun: false } } },
    http: { addr: `0.0.0.0:${settings['MOLO_REGISTRY_PORT']}`, secret: registrySecret, relativeurls: true, tls: { certificate: `${home}/tls/registry.crt`, key: `${home}/tls/registry.key` }, headers: { 'X-Content-Type-Options': ['nosniff'] } },
    auth: { token: { realm: tokenRealm(settings), service: 'molo-registry', issuer: 'molo', rootcertbundle: `${home}/ca/ca.crt` } },
  };
  return {
    name: 'registry',
    unprivileged: true,
    needs: [],
    // The control plane asks for a collection by a file, and ends the server. Its garbage-collect is the service for once:
    // whatever ends it, runit starts the server next, as the file is gone by then, and the two never run side by side.
    prepare: [
      `as_user sh -c 'echo "$1" >"$2"' sh $$ ${quote(`${home}/run/registry.pid`)}`,
      'export registry_task=serve',
      `[ ! -e ${marker} ] || { as_user rm -f ${marker} && registry_task='garbage-collect --delete-untagged=false'; }`,
    ],
    command: `docker-registry $registry_task ${quote(`${home}/services/registry/config.yml`)}`,
    check: answersCheck(node, checkout, `https://127.0.0.1:${settings['MOLO_REGISTRY_PORT']}/`),
    // JSON is YAML too.
    files: { 'config.yml': `${JSON.stringify(configuration, null, 2)}\n` },
  };
}

/**
 * Where the registry sends every client for a token, whatever name the client knows it by: the platform's address.
 * Names under localhost lead nowhere else, and the engine of this machine itself cannot look them up.
 */
function tokenRealm(settings: Surroundings['settings']): string {
  const platform = settings['MOLO_DOMAIN'] === 'localhost' ? settings['MOLO_CONTROL_PLANE_URL'] : `http://molo.${settings['MOLO_DOMAIN']}${portSuffix(settings)}`;
  return `${platform}/registry/token`;
}

export function answersCheck(node: string, checkout: string, address: string): string {
  return `${quote(node)} ${quote(`${checkout}/infra/services/answers.mjs`)} ${quote(address)}`;
}
