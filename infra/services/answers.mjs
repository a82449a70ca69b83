/*
 * Ends with 0 when somebody answers HTTP at an address of this machine, with whatever status.
 *   node answers.mjs http://127.0.0.1:4000/api/v1/status
 *   node answers.mjs unix:/var/run/docker.sock:/_ping
 */
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';

const timeoutMs = 3_000;
const [, , address = ''] = process.argv;
const [, socketPath, path] = /^unix:([^:]+):(.*)$/.exec(address) ?? [];

const options = { timeout: timeoutMs, rejectUnauthorized: false };
const asked = socketPath ? plain({ ...options, socketPath, path }) : (address.startsWith('https:') ? secure : plain)(address, options);
asked.on('response', () => process.exit(0));
asked.on('timeout', () => process.exit(1));
asked.on('error', () => process.exit(1));
asked.end();
