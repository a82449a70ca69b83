interface KnownCause {
  readonly line: RegExp;
  readonly advice: (match: RegExpExecArray) => string;
}

const lockFile = (name: string, command: string) => () => `${name} does not fit package.json: run ${command}, and commit what it changes.`;

/** Lines of package managers that stand for a cause which their last lines do not tell. */
const causes: readonly KnownCause[] = [
  { line: /`npm ci` can only install packages when your package\.json and/, advice: lockFile('The lock file', 'npm install') },
  { line: /ERR_PNPM_OUTDATED_LOCKFILE/, advice: lockFile('pnpm-lock.yaml', 'pnpm install') },
  { line: /Your lockfile needs to be updated|YN0028|lockfile would have been modified/, advice: lockFile('yarn.lock', 'yarn install') },
  {
    line: /connection broken by .*(NewConnectionError|ConnectTimeoutError|NameResolutionError).*\/simple\//,
    advice: () => 'The Python package index cannot be reached from this node. Give the node access to it, or bring the packages along: wheels in a folder of the source tree, and the lines --no-index and --find-links FOLDER in requirements.txt.',
  },
  { line: /getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ([\w.-]+)|Could not resolve host: ([\w.-]+)/, advice: ([, node, curl]) => `${node ?? curl} cannot be reached from this node: its name is not known here. Check the name, or give the node access.` },
  { line: /npm (?:error|ERR!) code (?:E401|ENEEDAUTH)/, advice: () => 'The npm registry asks for a token: name it in .npmrc as ${NPM_TOKEN}, set it with molo config set NPM_TOKEN=…, and add NPM_TOKEN to build.secrets in molo.yml.' },
];

/** What to do about a line of a build's output, where it is known. */
export function knownCause(line: string): string | undefined {
  for (const { line: pattern, advice } of causes) {
    const match = pattern.exec(line);
    if (match) return advice(match);
  }
  return undefined;
}
