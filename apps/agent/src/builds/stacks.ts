import { AppError, type StackReport } from '@molo/contracts';
import type Docker from 'dockerode';
import { ensureStack, isStackName, stackSuites, type StackSettings } from '../stacks/stack-image.js';

/** The stacks of this node's engine: made when a build or the start of the agent needs them, and then made known. */
export class Stacks {
  private readonly making = new Map<string, Promise<void>>();
  private readonly reported = new Set<string>();

  constructor(
    private readonly docker: Docker,
    private readonly settings: StackSettings,
    private readonly report: (stack: StackReport) => Promise<void>,
  ) {}

  async ensure(name: string, progress: (line: string) => void): Promise<void> {
    const running = this.making.get(name) ?? this.make(name, progress).finally(() => this.making.delete(name));
    this.making.set(name, running);
    await running;
  }

  private async make(name: string, progress: (line: string) => void): Promise<void> {
    if (!isStackName(name)) throw new AppError('base_image_unavailable', { detail: `There is no stack ${name}. There are ${Object.keys(stackSuites).join(' and ')}.` });
    const stack = await ensureStack(this.docker, name, this.settings, progress);
    if (this.reported.has(stack.imageId)) return;
    this.reported.add(stack.imageId);
    // The control plane may be away; the next build says it again.
    this.report(stack).catch(() => this.reported.delete(stack.imageId));
  }
}
