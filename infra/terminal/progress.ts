import { readFileSync } from 'node:fs';
import { fullFolder } from './full-disk.ts';

const isTerminal = process.stdout.isTTY === true;
const stillEveryMs = isTerminal ? 200 : 20_000;
const longStepMs = 1_500;
const tailLines = 15;
/** Codes of the system's errors. */
const refusals = ['EACCES', 'EPERM', 'EROFS'];
const outOfSpace = ['ENOSPC', 'EDQUOT'];

export const paint = {
  bold: (text: string) => colour('1', text),
  dim: (text: string) => colour('2', text),
  red: (text: string) => colour('31', text),
  green: (text: string) => colour('32', text),
  yellow: (text: string) => colour('33', text),
};

function colour(code: string, text: string): string {
  return isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** A failure that a person can do something about. */
export class StepFailed extends Error {
  readonly advice: string;
  readonly log: string | undefined;

  constructor(message: string, { advice, log, cause }: { advice: string; log?: string | undefined; cause?: unknown }) {
    super(message, { cause });
    this.name = 'StepFailed';
    this.advice = advice;
    this.log = log;
  }
}

/** One step of a longer story: its title while it runs, then how long it took and what came of it. */
export async function step(title: string, work: () => Promise<string | void>): Promise<void> {
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  const ticker = setInterval(() => showRunning(title, elapsed()), stillEveryMs);
  if (isTerminal) showRunning(title, 0);
  try {
    const outcome = await work();
    const took = elapsed() > longStepMs ? `  ${seconds(elapsed())}` : '';
    line(`${paint.green('✓')} ${title}${outcome ? paint.dim(`  ${outcome}`) : ''}${paint.dim(took)}`);
  } catch (error) {
    line(`${paint.red('✗')} ${title}${paint.dim(`  ${seconds(elapsed())}`)}`);
    throw error;
  } finally {
    clearInterval(ticker);
  }
}

function showRunning(title: string, elapsedMs: number): void {
  if (isTerminal) process.stdout.write(`\r\u001b[2K${paint.yellow('…')} ${title}${elapsedMs > longStepMs ? paint.dim(`  ${seconds(elapsedMs)}`) : ''}`);
  else process.stdout.write(`… ${title}  ${seconds(elapsedMs)}\n`);
}

function line(text: string): void {
  process.stdout.write(`${isTerminal ? '\r\u001b[2K' : ''}${text}\n`);
}

export function say(text = ''): void {
  line(text);
}

export function seconds(ms: number): string {
  return ms >= 60_000 ? `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s` : `${(ms / 1000).toFixed(1)} s`;
}

/** Runs a command of ours to its exit code; a failure says what failed, where its log is and what to do. */
export async function main(command: () => Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await command()) ?? 0;
  } catch (error) {
    process.exitCode = 1;
    explain(error);
  }
}

function explain(error: unknown): void {
  process.stderr.write(`\n${paint.red('failed:')} ${wordsOf(error)}\n`);
  const log = error instanceof StepFailed ? error.log : undefined;
  if (log) {
    const tail = lastLines(log);
    if (tail) process.stderr.write(`${paint.dim(tail)}\n`);
    process.stderr.write(`${paint.bold('its log:')} ${log}\n`);
  }
  process.stderr.write(`${paint.bold('what to do:')} ${adviceFor(error)}\n`);
}

/** What nobody has foreseen comes with its stack, for whoever mends it. */
function wordsOf(error: unknown): string {
  if (error instanceof StepFailed || failedWith(error, [...refusals, ...outOfSpace])) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function adviceFor(error: unknown): string {
  const full = fullFolder();
  if (full) return `Free some disk: ${full.path} has ${Math.floor(full.freeBytes / 1_000_000)} MB left. Then run the same command again.`;
  if (error instanceof StepFailed) return error.advice;
  if (failedWith(error, refusals)) return 'Run the same command as root, or as the user whose files these are.';
  return 'Run the same command again. If it fails again, report it with the lines above.';
}

function failedWith(error: unknown, codes: readonly string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '');
}

function lastLines(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-tailLines).map((text) => `    ${text}`).join('\n');
  } catch {
    return undefined;
  }
}
