import { AppError, ProcessType, ShellCommand } from '@molo/contracts';

/** Process types and their commands, in the order of the file. */
export function parseProcfile(text: string): Map<string, string> {
  const processes = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    const [, name, command] = /^([^\s:]+)\s*:\s*(.+)$/.exec(content) ?? [];
    if (name === undefined || command === undefined) throw invalid(index, 'must be a process type, a colon and a command, such as "web: node server.js"');
    const checked = ProcessType.safeParse(name);
    if (!checked.success) throw invalid(index, `"${name}" is not a process type: ${checked.error.issues[0]?.message ?? 'take another name'}`);
    const runnable = ShellCommand.safeParse(command);
    if (!runnable.success) throw invalid(index, `the command of "${name}" ${runnable.error.issues[0]?.message ?? 'cannot be run'}`);
    if (processes.has(name)) throw invalid(index, `"${name}" is there twice; keep one`);
    processes.set(name, command);
  }
  return processes;
}

function invalid(index: number, message: string): AppError {
  const path = `Procfile:${index + 1}:1`;
  return new AppError('manifest_invalid', { detail: `${path}: ${message}`, errors: [{ path, message }] });
}
