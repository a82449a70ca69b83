import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** Whoever asks takes of the same two cores as what is measured, with Molo through its ingress and from the running instance too. */
const lookEveryMs = 10;
const patienceMs = 120_000;

/** What MyApp says of itself at /api/facts. */
export interface Facts {
  readonly release: string;
  readonly commit: string;
  readonly instance: string;
}

export interface Target {
  /** Address to connect to, and the name asked for. */
  readonly host: string;
  readonly port: number;
  readonly name: string;
}

/** Asks again and again on one kept connection until MyApp answers what is waited for. @returns performance.now() of that answer */
export async function firstAnswer(target: Target, isIt: (facts: Facts) => boolean): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const deadline = performance.now() + patienceMs;
  try {
    while (performance.now() < deadline) {
      const facts = await ask(target, agent).catch(() => null);
      if (facts && isIt(facts)) return performance.now();
      await pause(lookEveryMs);
    }
    throw new Error(`${target.name} did not answer what was waited for within ${patienceMs / 1000} s`);
  } finally {
    agent.destroy();
  }
}

/** One answer; null where there is none, or not a good one. */
export async function ask(target: Target, agent: Agent | false = false): Promise<Facts | null> {
  const text = await fetchText(target, '/api/facts', agent);
  return text === null ? null : (JSON.parse(text) as Facts);
}

/** The body of a good answer, null of any other. */
export function fetchText({ host, port, name }: Target, path: string, agent: Agent | false = false): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path, headers: { host: name }, agent, timeout: 5000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(response.statusCode === 200 ? text : null));
      response.on('error', reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
    asked.end();
  });
}

/** Asks on fresh connections until so many instances have answered. @returns performance.now() of the last one's first answer */
export async function answersOfAll(target: Target, instances: number): Promise<number> {
  const seen = new Set<string>();
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const facts = await ask(target).catch(() => null);
    if (facts) seen.add(facts.instance);
    if (seen.size >= instances) return performance.now();
    await pause(lookEveryMs);
  }
  throw new Error(`${seen.size} instances of ${target.name} answered within ${patienceMs / 1000} s, not ${instances}`);
}
