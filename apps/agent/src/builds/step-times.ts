/** How long the steps of a procedure took, in milliseconds. */
export class StepTimes {
  readonly spent: Record<string, number> = {};

  async of<T>(name: string, step: Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await step;
    } finally {
      this.spent[name] = Math.round(performance.now() - started);
    }
  }
}
