import { setTimeout as pause } from 'node:timers/promises';
import { AppError, BuildOrder, DesiredAnswer, Problem, UnneededImages, type BuildReport, type LogChunk, type NodeFigures, type NodeImage, type ObservedNode, type ProblemCode, type StackReport } from '@molo/contracts';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Pool } from 'undici';
import { CONFIG, type AgentConfig } from '../config.js';
import { storableJson } from './storable-json.js';

interface Answer {
  status: number;
  body: string;
}

interface Call {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** How often to try in all; endless by default, as most of what an agent says has to arrive. */
  attempts?: number;
  /** Beyond what every answer may take. */
  heldMs?: number;
}

/** How a question is asked again. */
export interface Asking {
  signal?: AbortSignal;
  attempts?: number;
}

const answerTimeoutMs = 15_000;
const longestPauseMs = 1000;
/** What passes by itself, or once a sysadmin made room. */
const mayPass: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['unavailable', 'storage_full']);

/**
 * All that the agent says to the control plane. Every call is idempotent there, so each is tried again
 * when no answer came, or the answer was 502, 503 or 504 or that there is no room on the disk, until its signal fires or its attempts are used up.
 * Throws `AppError`: the control plane's own problem, or `unavailable`.
 */
@Injectable()
export class ControlPlaneClient implements OnModuleDestroy {
  private readonly pool: Pool;
  private readonly closing = new AbortController();

  constructor(@Inject(CONFIG) private readonly config: AgentConfig) {
    this.pool = new Pool(config.controlPlaneUrl, {
      connections: 8,
      keepAliveTimeout: 60_000,
      connect: { timeout: 5000 },
      bodyTimeout: answerTimeoutMs,
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await this.pool.destroy();
  }

  /** The desired set of this node. */
  async desired(asking: Asking = {}): Promise<DesiredAnswer> {
    const answer = await this.call({ method: 'GET', path: '/agent/v1/desired', ...asking });
    return parse(DesiredAnswer, answer.body);
  }

  /** What changed of it after a generation, once something did; null when nothing did for `waitSeconds`. */
  async desiredSince(generation: number, waitSeconds: number, asking: Asking = {}): Promise<DesiredAnswer | null> {
    const path = `/agent/v1/desired?since=${generation}&waitSeconds=${waitSeconds}`;
    const answer = await this.call({ method: 'GET', path, heldMs: waitSeconds * 1000, ...asking });
    return answer.status === 204 ? null : parse(DesiredAnswer, answer.body);
  }

  async reportObserved(observed: ObservedNode, signal?: AbortSignal): Promise<void> {
    await this.call({ method: 'POST', path: '/agent/v1/observed', body: observed, attempts: 1, signal });
  }

  async buildOrder(buildId: string, signal?: AbortSignal): Promise<BuildOrder> {
    const answer = await this.call({ method: 'GET', path: `/agent/v1/builds/${encodeURIComponent(buildId)}`, signal });
    return parse(BuildOrder, answer.body);
  }

  async reportBuild(buildId: string, report: BuildReport, signal?: AbortSignal): Promise<void> {
    await this.call({ method: 'POST', path: `/agent/v1/builds/${encodeURIComponent(buildId)}/state`, body: report, signal });
  }

  async sendLogs(chunks: readonly LogChunk[], signal?: AbortSignal): Promise<void> {
    if (chunks.length > 0) await this.call({ method: 'POST', path: '/agent/v1/logs', body: chunks, signal });
  }

  async reportFigures(figures: NodeFigures): Promise<void> {
    await this.call({ method: 'POST', path: '/agent/v1/figures', body: figures, attempts: 1 });
  }

  async reportStack(stack: StackReport): Promise<void> {
    await this.call({ method: 'POST', path: '/agent/v1/stacks', body: stack });
  }

  /** Which of these images nobody needs any more. */
  async unneededImages(images: readonly NodeImage[]): Promise<string[]> {
    const answer = await this.call({ method: 'POST', path: '/agent/v1/images/unneeded', body: images, attempts: 1 });
    return parse(UnneededImages, answer.body).ids;
  }

  private async call(call: Call): Promise<Answer> {
    const signal = call.signal ? AbortSignal.any([call.signal, this.closing.signal]) : this.closing.signal;
    const attempts = call.attempts ?? Infinity;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.ask(call, signal);
      } catch (error) {
        if (signal.aborted || attempt >= attempts || !(error instanceof AppError) || !mayPass.has(error.code)) throw error;
        await pause(Math.min(100 * 2 ** (attempt - 1), longestPauseMs), undefined, { signal });
      }
    }
  }

  private async ask(call: Call, signal: AbortSignal): Promise<Answer> {
    const answer = await this.send(call, signal);
    if (answer.status < 300) return answer;
    throw problemOf(answer);
  }

  private async send(call: Call, signal: AbortSignal): Promise<Answer> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.config.nodeToken}`, accept: 'application/json' };
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    const body = call.body === undefined ? null : storableJson(call.body);
    try {
      const response = await this.pool.request({ method: call.method, path: call.path, headers, body, signal, headersTimeout: answerTimeoutMs + (call.heldMs ?? 0) });
      return { status: response.statusCode, body: await response.body.text() };
    } catch (cause) {
      throw new AppError('unavailable', { detail: 'The control plane does not answer.', cause });
    }
  }
}

function problemOf(answer: Answer): AppError {
  if ([502, 503, 504].includes(answer.status)) return new AppError('unavailable', { detail: `The control plane answered ${answer.status}.` });
  const problem = Problem.safeParse(json(answer.body));
  if (problem.success) return new AppError(problem.data.code, { detail: problem.data.detail });
  return new AppError('internal', { detail: `The control plane answered ${answer.status} with no reason.` });
}

function parse<T>(schema: { safeParse(value: unknown): { success: true; data: T } | { success: false; error: Error } }, body: string): T {
  const parsed = schema.safeParse(json(body));
  if (parsed.success) return parsed.data;
  throw new AppError('internal', { detail: 'The control plane said something that this agent does not understand; both should be of one version.', cause: parsed.error });
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
