import type { Argument, Command, Option } from 'commander';

/** Every command with its arguments and options, as Markdown. */
export function commandList(program: Command): string {
  const groups = [...new Set(program.commands.map((command) => command.helpGroup()))].filter((heading) => heading !== '');
  return groups.map((heading) => group(heading, program.commands.filter((command) => command.helpGroup() === heading))).join('\n\n');
}

function group(heading: string, commands: readonly Command[]): string {
  const shown = commands.filter((command) => command.name() !== 'help').flatMap((command) => [command, ...command.commands]);
  return [`### ${heading.replace(/:$/, '')}`, ...shown.map(entry)].join('\n\n');
}

function entry(command: Command): string {
  const lines = [`**\`${usageOf(command)}\`** – ${command.description().replaceAll('\n', ' ')}`];
  const own = command.options.filter((option) => !common.includes(option.long ?? '')).map(optionLine);
  const also = command.options.filter((option) => common.includes(option.long ?? '')).map((option) => `\`${option.flags}\``);
  const options = [...own, ...(also.length > 0 ? [`- ${also.join(', ')}`] : [])];
  return [lines.join('\n'), ...(options.length > 0 ? [options.join('\n')] : [])].join('\n\n');
}

/** Told once, above the list. */
const common = ['--app', '--env', '--json', '--detach', '--yes'];

function usageOf(command: Command): string {
  const names: string[] = [];
  for (let each: Command | null = command; each; each = each.parent) names.unshift(each.name());
  return [...names, ...command.registeredArguments.map(argumentOf)].join(' ');
}

function argumentOf(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '…' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function optionLine(option: Option): string {
  const normal: unknown = option.defaultValue;
  const shown = typeof normal === 'number' ? ` (default: ${normal})` : '';
  return `- \`${option.flags}\` ${option.description}${shown}`;
}
