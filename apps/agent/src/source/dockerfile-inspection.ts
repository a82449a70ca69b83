import type { LayerKind } from '@molo/contracts';

export interface Instruction {
  readonly keyword: string;
  readonly text: string;
}

interface Stage {
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

export interface DockerfileFacts {
  /** Images that the build needs from outside: bases, and sources of COPY. */
  readonly images: readonly string[];
  /** Image below the final stage. */
  readonly base: string;
  readonly port: number | undefined;
  readonly hasHealthCheck: boolean;
  /** Those that make a layer on top of the base; see `classifyLayers`. */
  readonly layerInstructions: readonly Instruction[];
}

/** WORKDIR makes a layer even where the folder is there. */
const layerMakers = ['RUN', 'COPY', 'ADD', 'WORKDIR'];

/** Looks at a Dockerfile without building it. undefined when it has no stage at all. */
export function inspectDockerfile(text: string): DockerfileFacts | undefined {
  const instructions = parseInstructions(text);
  const { stages, globalArguments } = stagesOf(instructions);
  const final = stages.at(-1);
  if (!final) return undefined;
  const chain = chainOf(final, stages);
  const own = chain.flatMap((stage) => stage.instructions);
  return {
    images: imagesOf(stages),
    base: chain[0]?.base ?? final.base,
    port: exposedPort(own, globalArguments),
    hasHealthCheck: hasHealthCheck(own),
    layerInstructions: own.filter(({ keyword }) => layerMakers.includes(keyword)),
  };
}

/** Instructions with continued lines joined, without comments, here-documents left out. */
export function parseInstructions(text: string): Instruction[] {
  const escape = /^#\s*escape\s*=\s*`/im.test(text.split('\n').slice(0, 5).join('\n')) ? '`' : '\\';
  const instructions: Instruction[] = [];
  let pending = '';
  let hereDocument: string | undefined;
  for (const raw of text.split(/\r?\n/)) {
    if (hereDocument !== undefined) {
      if (raw.trim() === hereDocument) hereDocument = undefined;
      continue;
    }
    const line = raw.trimEnd();
    if (line.trimStart().startsWith('#') || line.trim() === '') continue;
    if (line.endsWith(escape)) {
      pending += `${line.slice(0, -1)} `;
      continue;
    }
    const instruction = instructionOf(pending + line);
    pending = '';
    if (instruction) instructions.push(instruction);
    hereDocument = instruction && hereDocumentOf(instruction);
  }
  const last = instructionOf(pending);
  return last ? [...instructions, last] : instructions;
}

/** The word that ends the lines which belong to an instruction. A shell's `<<<` and `1 << 20` begin none. */
function hereDocumentOf({ keyword, text }: Instruction): string | undefined {
  return ['RUN', 'COPY', 'ADD'].includes(keyword) ? /(?<!<)<<-?(["']?)([A-Za-z_]\w*)\1/.exec(text)?.[2] : undefined;
}

function instructionOf(line: string): Instruction | undefined {
  const match = /^\s*([A-Za-z]+)\s+([\s\S]*)$/.exec(line);
  return match?.[1] && match[2] !== undefined ? { keyword: match[1].toUpperCase(), text: match[2].trim().replace(/\s+/g, ' ') } : undefined;
}

function stagesOf(instructions: readonly Instruction[]): { stages: Stage[]; globalArguments: Map<string, string> } {
  const stages: Array<Stage & { instructions: Instruction[] }> = [];
  const globalArguments = new Map<string, string>();
  for (const instruction of instructions) {
    const current = stages.at(-1);
    if (instruction.keyword === 'FROM') {
      const words = instruction.text.split(' ').filter((word) => !word.startsWith('--'));
      const name = words[1]?.toLowerCase() === 'as' ? words[2]?.toLowerCase() : undefined;
      stages.push({ base: substitute(words[0] ?? '', globalArguments), name, instructions: [] });
    } else if (current) current.instructions.push(instruction);
    else if (instruction.keyword === 'ARG') setVariables(instruction, globalArguments);
  }
  return { stages, globalArguments };
}

/** The stages that the final one stands on, lowest first. */
function chainOf(final: Stage, stages: readonly Stage[]): Stage[] {
  const chain = [final];
  for (const stage of stages.slice(0, stages.indexOf(final)).toReversed()) {
    if (stage.name !== undefined && stage.name === chain.at(-1)?.base.toLowerCase()) chain.push(stage);
  }
  return chain.toReversed();
}

function imagesOf(stages: readonly Stage[]): string[] {
  const images = new Set<string>();
  const names = new Set<string>();
  for (const [index, stage] of stages.entries()) {
    if (!names.has(stage.base.toLowerCase()) && stage.base !== 'scratch') images.add(stage.base);
    if (stage.name) names.add(stage.name);
    names.add(String(index));
    for (const from of stage.instructions.flatMap(sourcesOf)) if (!names.has(from.toLowerCase())) images.add(from);
  }
  return [...images].filter((image) => image !== '' && !image.includes('$'));
}

/** Images and stages that an instruction takes files from. */
function sourcesOf({ keyword, text }: Instruction): string[] {
  const words = text.split(' ');
  const flags = words.slice(0, words.findIndex((word) => !word.startsWith('--')));
  const told = keyword === 'COPY' ? flags : flags.flatMap((flag) => (flag.startsWith('--mount=') ? flag.slice('--mount='.length).split(',').map((part) => `--${part}`) : []));
  return told.flatMap((flag) => (flag.startsWith('--from=') ? [flag.slice('--from='.length)] : []));
}

function exposedPort(instructions: readonly Instruction[], globalArguments: ReadonlyMap<string, string>): number | undefined {
  const variables = new Map(globalArguments);
  let port: number | undefined;
  for (const instruction of instructions) {
    if (instruction.keyword === 'ENV' || instruction.keyword === 'ARG') setVariables(instruction, variables);
    if (instruction.keyword !== 'EXPOSE' || port !== undefined) continue;
    const tcp = instruction.text.split(' ').map((word) => substitute(word, variables)).find((word) => !word.endsWith('/udp'));
    const number = Number(tcp?.split('/')[0]?.split('-')[0]);
    if (Number.isInteger(number) && number > 0 && number < 65_536) port = number;
  }
  return port;
}

function setVariables({ text }: Instruction, variables: Map<string, string>): void {
  const pairs = [...text.matchAll(/(?<!\w)([A-Za-z_]\w*)=("[^"]*"|'[^']*'|\S*)/g)];
  if (pairs.length === 0) {
    const [, name, value] = /^([A-Za-z_]\w*)\s+(.*)$/.exec(text) ?? [];
    if (name !== undefined && value !== undefined) variables.set(name, value);
  }
  for (const [, name = '', value = ''] of pairs) variables.set(name, substitute(value.replace(/^(["'])(.*)\1$/, '$2'), variables));
}

/** Longer values are cut: variables that double each other would fill the memory, and no image or port is that long. */
const longestValue = 4096;

function substitute(text: string, variables: ReadonlyMap<string, string>): string {
  const value = text.slice(0, longestValue).replace(/\$(?:\{(\w+)(?::?[-+]([^{}]*))?\}|(\w+))/g, (whole, braced: string | undefined, fallback: string | undefined, plain: string | undefined) => {
    return variables.get(braced ?? plain ?? '') ?? fallback ?? whole;
  });
  return value.slice(0, longestValue);
}

function hasHealthCheck(instructions: readonly Instruction[]): boolean {
  const last = instructions.findLast(({ keyword }) => keyword === 'HEALTHCHECK');
  return last !== undefined && !/^NONE\b/i.test(last.text);
}

const order: readonly LayerKind[] = ['os-base', 'os-custom', 'binary', 'library', 'source'];
const systemPackages = /\b(apt-get|apt|apk|dnf|yum|microdnf|zypper|pacman)\b/;
const managers = /\b(npm|pnpm|yarn|bun|pip3?|pipenv|poetry|uv|bundle|gem|composer|go mod|cargo fetch|mvn|gradle)\b/;
const installations = /\b(ci|install|i|add|sync|fetch|download|resolve|dependency:\S+)\b/;
const dependencyFiles = /(package(-lock)?\.json|pnpm-lock\.yaml|yarn\.lock|requirements[\w.-]{0,80}\.txt|pyproject\.toml|poetry\.lock|uv\.lock|Pipfile\S*|Gemfile\S*|go\.(mod|sum)|Cargo\.(toml|lock)|composer\.(json|lock)|pom\.xml)/;

/**
 * Kinds of the layers that a Dockerfile puts on its base. A step that installs system packages makes OS Custom, one that
 * installs dependencies or copies only the files that name them makes Library, one that copies from another image into
 * /usr or /opt makes Binary, any other copy makes Source. Any other RUN, and WORKDIR, is of the kind before it, at least
 * OS Custom. The five kinds keep their order: nothing above a Source layer is anything else.
 */
export function classifyLayers(instructions: readonly Instruction[]): LayerKind[] {
  let reached = 1;
  return instructions.map((instruction) => {
    reached = Math.max(reached, order.indexOf(ownKind(instruction)));
    return order[reached] ?? 'source';
  });
}

function ownKind({ keyword, text }: Instruction): LayerKind {
  if (keyword === 'RUN') {
    if (systemPackages.test(text)) return 'os-custom';
    return installsDependencies(text) ? 'library' : 'os-base';
  }
  if (keyword === 'WORKDIR') return 'os-base';
  const words = text.split(' ').filter((word) => !word.startsWith('--'));
  const sources = words.slice(0, -1);
  if (text.includes('--from=') && /^\/(usr|opt)\b/.test(words.at(-1) ?? '')) return 'binary';
  if (text.includes('--from=') && sources.some((source) => /(node_modules|site-packages|venv)\/?$/.test(source))) return 'library';
  return sources.length > 0 && sources.every((source) => dependencyFiles.test(source)) ? 'library' : 'source';
}

function installsDependencies(text: string): boolean {
  const manager = managers.exec(text);
  return manager !== null && installations.test(text.slice(manager.index + manager[0].length));
}
