import { posix } from 'node:path';
import type { PackageJson } from './node-app.js';
import type { SourceTree } from './source-tree.js';

/** How an app is started that says so in package.json alone. */
export function startCommand(tree: SourceTree, packageJson: PackageJson, manager: string): string | undefined {
  const scripts = packageJson.scripts ?? {};
  const name = scripts['start:prod'] !== undefined && startsDevelopmentTool(packageJson) ? 'start:prod' : 'start';
  const start = scripts[name];
  if (start !== undefined) return needsRunner(scripts, name, start) ? `${manager} ${name === 'start' ? name : `run ${name}`}` : start;
  const main = packageJson.main === undefined ? undefined : posix.normalize(packageJson.main);
  const file = [main, main && `${main}.js`, 'server.js', 'index.js', 'app.js'].find((each) => each !== undefined && tree.hasFile(each));
  return file === undefined ? undefined : `node ${file}`;
}

/** A script runs by itself where npm adds nothing to it: one process less, and signals reach the app. */
function needsRunner(scripts: Readonly<Record<string, string>>, name: string, text: string): boolean {
  return scripts[`pre${name}`] !== undefined || scripts[`post${name}`] !== undefined || /npm_|\$npm/.test(text);
}

/** Packages of programs that have another name. */
const packagesOfPrograms: Readonly<Record<string, string>> = { nest: '@nestjs/cli', ng: '@angular/cli', 'vue-cli-service': '@vue/cli-service' };

/** Whether the start script needs a package that is there for development alone, and so is not in the image. */
function startsDevelopmentTool({ scripts, dependencies, devDependencies }: PackageJson): boolean {
  const program = (scripts?.['start'] ?? '').split(/\s+/).find((word) => word !== 'cross-env' && !word.includes('=')) ?? '';
  const name = packagesOfPrograms[program] ?? program;
  return devDependencies?.[name] !== undefined && dependencies?.[name] === undefined;
}

/** Programs that write a site, and the folder that they write by default. */
const siteGenerators: ReadonlyArray<readonly [build: RegExp, folder: string]> = [
  [/\bvite build(?!.*--(outDir|ssr))/, 'dist'],
  [/\breact-scripts build\b/, 'build'],
  [/\bvue-cli-service build(?!.*--dest)/, 'dist'],
  [/\bparcel build\b(?!.*--dist-dir)/, 'dist'],
  [/\beleventy\b(?!.*--output)/, '_site'],
  [/\bgatsby build\b/, 'public'],
  [/\bdocusaurus build\b(?!.*--out-dir)/, 'build'],
];
const longestScript = 8192;
/** Frameworks that build with one of these and still need a server. */
const serverFrameworks = /^(@sveltejs\/kit|@remix-run\/|@react-router\/(node|serve)|@solidjs\/start|@tanstack\/(react|solid)-start|@builder\.io\/qwik-city|nuxt|express|fastify|koa|hono)/;
const developmentServers = /^(cross-env\s+)?([^\s=]+=\S+\s+)*(vite( dev| serve)?|react-scripts start|vue-cli-service serve|parcel|eleventy --serve|gatsby develop|docusaurus start)(\s|$)/;

/** Folder of the site that a package's build script writes, where the package is a site and no server. */
export function siteFolder({ scripts, dependencies, devDependencies, main }: PackageJson): string | undefined {
  const { build, start } = scripts ?? {};
  if (build === undefined || main !== undefined || (start !== undefined && !developmentServers.test(start))) return undefined;
  if (Object.keys({ ...dependencies, ...devDependencies }).some((name) => serverFrameworks.test(name))) return undefined;
  // The patterns look ahead from each place: of a script without an end they would never be done.
  return siteGenerators.find(([pattern]) => pattern.test(build.slice(0, longestScript)))?.[1];
}
