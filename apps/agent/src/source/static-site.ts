import { posix } from 'node:path';
import { AppError, type ManifestFile } from '@molo/contracts';
import { noLibraryFiles, type LibraryFiles, type PlanSettings, type Toolchain } from './app-plan.js';
import { shellQuoted, type BuildSteps, type Step } from './generated-dockerfile.js';
import { planNodeApp } from './node-app.js';
import type { SourceTree } from './source-tree.js';

export interface StaticSite {
  readonly version: string | undefined;
  readonly notes: readonly string[];
  readonly toolchains: readonly Toolchain[];
  readonly build: BuildSteps | undefined;
  readonly libraryFiles: LibraryFiles;
  readonly additions: ReadonlyMap<string, string>;
  readonly start: string;
}

/** Pages served by nginx. With a package.json the folder is built by Node first. `detected` is the folder that the build writes, where molo.yml names none. */
export async function planStaticSite(tree: SourceTree, file: ManifestFile, detected: string, settings: PlanSettings): Promise<StaticSite> {
  const folder = checkedFolder(file.build?.static ?? detected);
  const fallback = file.build?.fallback;
  const node = tree.hasFile('package.json') ? await planNodeApp(tree, file.build?.command, file.build?.secrets ?? [], settings) : undefined;
  const built = node?.build ? node : undefined;
  if (!built) checkTree(tree, folder, fallback);
  return {
    version: node?.packageJson.version,
    notes: [`Serves ${folder === '.' ? 'the source tree' : folder} with nginx`, ...(built?.notes ?? [])],
    toolchains: built?.toolchains ?? [],
    build: built?.build && { ...built.build, steps: [...built.build.steps, ...checkBuild(folder, fallback)] },
    libraryFiles: built?.libraryFiles ?? noLibraryFiles,
    additions: new Map([
      ['.molo/nginx.conf', nginxConfig(posix.join('/app', folder))],
      ['.molo/serve', serveScript(posix.join('/app', folder), fallback)],
    ]),
    start: 'sh /app/.molo/serve',
  };
}

function checkedFolder(asked: string): string {
  const folder = posix.normalize(asked).replace(/\/$/, '');
  if (folder === '..' || folder.startsWith('../') || folder.startsWith('/')) throw invalid(`build.static is ${folder}, outside the source tree. Name a folder inside.`);
  // They mean something else in a configuration of nginx, and no quotes keep them from it.
  if (/["$\\\p{C}]/u.test(folder)) throw invalid(`build.static is ${JSON.stringify(folder)}. Name a folder without quotes, dollar signs and backslashes.`);
  return folder;
}

function checkTree(tree: SourceTree, folder: string, fallback: string | undefined): void {
  if (!tree.hasFolder(folder)) throw invalid(`build.static is ${folder}, and there is no such folder in the source tree.`);
  if (fallback !== undefined && !tree.hasFile(posix.join(folder, fallback))) throw invalid(`build.fallback is ${fallback}, and there is no such page in the folder of the site.`);
}

/** A build that writes another folder would else go live as a site of 404s. */
function checkBuild(folder: string, fallback: string | undefined): Step[] {
  return [
    mustBe('d', folder, `The build wrote no folder ${folder}. Name the one that it writes as build.static in molo.yml.`),
    ...(fallback === undefined ? [] : [mustBe('f', posix.join(folder, fallback), `The build wrote no page ${fallback} in ${folder}. Name one that it writes as build.fallback in molo.yml.`)]),
  ];
}

function mustBe(kind: 'd' | 'f', path: string, message: string): Step {
  return { command: `{ test -${kind} ${shellQuoted(path)} || { echo ${shellQuoted(message)}; exit 1; }; }`, mounts: [], secrets: [], env: {} };
}

function invalid(detail: string): AppError {
  return new AppError('manifest_invalid', { detail: `molo.yml: ${detail}` });
}

/**
 * nginx ends at once on SIGTERM and lets requests finish on SIGQUIT. The port is known at the start of an instance only,
 * and so is, of a site that is built, whether index.html is its one page: then it is an app that reads addresses itself.
 */
function serveScript(root: string, fallback: string | undefined): string {
  const onlyPage = `[ "$(find ${shellQuoted(root)} -name '*.html' | head -n 2)" = ${shellQuoted(posix.join(root, 'index.html'))} ]`;
  return `#!/bin/sh
missing='=404'
${fallback === undefined ? `${onlyPage} && missing=/index.html` : `missing=${shellQuoted(posix.join('/', fallback))}`}
sed "s/@PORT@/$PORT/; s|@MISSING@|$missing|" /app/.molo/nginx.conf > /tmp/nginx.conf
nginx -c /tmp/nginx.conf -e stderr &
nginx=$!
trap 'kill -QUIT $nginx' TERM INT
wait $nginx
trap - TERM INT
wait $nginx
`;
}

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
    root "${root}";
    index index.html;
    absolute_redirect off;
    error_page 404 /404.html;
    location / { try_files $uri $uri/ $uri.html @MISSING@; }
    location ~ /\\.(?!well-known/) { return 404; }
    location ~ ^/(molo\\.ya?ml|Procfile)$ { return 404; }
    # A script or an image is there or missing, and never a page in its place.
    location ~ \\.[^/]+$ { try_files $uri $uri/ $uri.html =404; }
  }
}
`;
}
