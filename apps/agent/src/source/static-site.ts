import { posix } from 'node:path';
import { AppError, type ManifestFile } from '@molo/contracts';
import type { PlanSettings, Toolchain } from './app-plan.js';
import type { BuildSteps, Step } from './generated-dockerfile.js';
import { planNodeApp } from './node-app.js';
import type { SourceTree } from './source-tree.js';

export interface StaticSite {
  readonly version: string | undefined;
  readonly notes: readonly string[];
  readonly toolchains: readonly Toolchain[];
  readonly build: BuildSteps | undefined;
  readonly libraryFiles: ReadonlyMap<string, string | Buffer>;
  readonly additions: ReadonlyMap<string, string>;
  readonly start: string;
}

/** Pages served by nginx. With a package.json the folder is built by Node first. `detected` is the folder that the build writes, where molo.yml names none. */
export async function planStaticSite(tree: SourceTree, file: ManifestFile, detected: string, settings: PlanSettings): Promise<StaticSite> {
  const folder = posix.normalize(file.build?.static ?? detected).replace(/\/$/, '');
  if (folder.startsWith('..') || folder.startsWith('/')) throw new AppError('manifest_invalid', { detail: `molo.yml: build.static is ${folder}, outside the source tree. Name a folder inside.` });
  const node = tree.hasFile('package.json') ? await planNodeApp(tree, file.build?.command, file.build?.secrets ?? [], settings) : undefined;
  if (!node?.build && !tree.hasFolder(folder)) throw new AppError('manifest_invalid', { detail: `molo.yml: build.static is ${folder}, and there is no such folder in the source tree.` });
  return {
    version: node?.packageJson.version,
    notes: [`Serves ${folder === '.' ? 'the source tree' : folder} with nginx`, ...(node?.build ? node.notes : [])],
    toolchains: node?.build ? node.toolchains : [],
    build: node?.build && { ...node.build, steps: [...node.build.steps, checkFolder(folder)] },
    libraryFiles: node?.libraryFiles ?? new Map(),
    additions: new Map([
      ['.molo/nginx.conf', nginxConfig(posix.join('/app', folder))],
      ['.molo/serve', serveScript],
    ]),
    start: 'sh /app/.molo/serve',
  };
}

/** A build that writes another folder would else go live as a site of 404s. */
function checkFolder(folder: string): Step {
  const quoted = `'${folder.replaceAll("'", String.raw`'\''`)}'`;
  return { command: `{ test -d ${quoted} || { echo 'The build wrote no folder '${quoted}'. Name the one that it writes as build.static in molo.yml.'; exit 1; }; }`, mounts: [], secrets: [], env: {} };
}

/** nginx ends at once on SIGTERM and lets requests finish on SIGQUIT. The port is known at the start of an instance only. */
const serveScript = `#!/bin/sh
sed "s/@PORT@/$PORT/" /app/.molo/nginx.conf > /tmp/nginx.conf
nginx -c /tmp/nginx.conf -e stderr &
nginx=$!
trap 'kill -QUIT $nginx' TERM INT
wait $nginx
trap - TERM INT
wait $nginx
`;

function nginxConfig(root: string): string {
  return `daemon off;
worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  charset utf-8;
  access_log off;
  server_tokens off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 75s;
  gzip on;
  gzip_vary on;
  gzip_proxied any;
  gzip_types text/css text/plain text/xml application/javascript application/json application/xml image/svg+xml application/wasm;
  client_body_temp_path /tmp/nginx-body;
  proxy_temp_path /tmp/nginx-proxy;
  fastcgi_temp_path /tmp/nginx-fastcgi;
  uwsgi_temp_path /tmp/nginx-uwsgi;
  scgi_temp_path /tmp/nginx-scgi;
  server {
    listen @PORT@;
    root "${root.replaceAll('"', '')}";
    index index.html;
    absolute_redirect off;
    error_page 404 /404.html;
    location / { try_files $uri $uri/ $uri.html =404; }
    location ~ /\\.(?!well-known/) { return 404; }
    location ~ ^/(molo\\.ya?ml|Procfile)$ { return 404; }
  }
}
`;
}
