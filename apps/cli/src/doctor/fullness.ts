import { type Finding, ok, problem, warning } from './check.js';

const fullWarning = 0.85;
const fullProblem = 0.95;

/** `share` of 1 is all of it. */
export function diskFinding(what: string, share: number, advice: string): Finding {
  const found = `${what} is ${Math.floor(share * 100)} % full`;
  if (share > fullProblem) return problem(found, advice);
  return share > fullWarning ? warning(found, advice) : ok(found);
}

const gravity = ['ok', 'warning', 'problem'] as const;

/** One finding for several things of a kind: tells of those that are worst off. There must be one at least. */
export function worst(findings: readonly Finding[]): Finding {
  const status = gravity[Math.max(...findings.map((finding) => gravity.indexOf(finding.status)))] ?? 'ok';
  const told = findings.filter((finding) => finding.status === status);
  return { status, found: told.map(({ found }) => found).join(', '), advice: told[0]?.advice ?? null };
}
