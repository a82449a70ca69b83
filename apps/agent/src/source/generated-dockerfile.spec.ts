import { describe, expect, it } from 'vitest';
import { generateDockerfile, type DockerfileParts, type Step } from './generated-dockerfile.js';

const step = (command: string, secrets: readonly string[] = []): Step => ({ command, mounts: ['type=cache,target=/cache'], secrets, env: {} });

const parts: DockerfileParts = {
  stack: 'debian-12',
  packages: ['zip', 'imagemagick'],
  hasExtraCa: false,
  caches: { ofApp: 'own', ofNode: 'common' },
  toolchains: [{ name: 'node', version: '24.1.0' }],
  binaryPackages: [],
  buildPackages: [],
  buildToolchains: [],
  env: { HOME: '/app' },
  library: step('npm ci --omit=dev'),
  build: undefined,
  port: 8080,
  command: 'node server.js',
};

describe('a generated Dockerfile', () => {
  it('has its layers in the order of the five kinds', () => {
    const { text, layerKinds } = generateDockerfile(parts);
    expect(layerKinds).toEqual(['os-custom', 'binary', 'library', 'source']);
    const places = ['FROM molo/stack:debian-12', 'apt-get', 'COPY --from=molo/toolchain:node-24.1.0', 'COPY --from=library', 'COPY --chown=1000:1000 source/ /app/'].map((part) => text.indexOf(part));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places.every((place) => place >= 0)).toBe(true);
  });

  it('runs the app, and every command of its build, as an unprivileged user', () => {
    const { text } = generateDockerfile({ ...parts, build: { install: step('npm ci'), steps: [step('npm run build')], excludes: ['node_modules'], prune: undefined } });
    for (const stage of text.split('FROM ').filter((each) => each.includes('npm '))) expect(stage.indexOf('USER 1000:1000')).toBeLessThan(stage.indexOf('RUN'));
    expect(text.lastIndexOf('USER 1000:1000')).toBeGreaterThan(text.lastIndexOf('FROM '));
    expect(text).not.toContain('USER root');
  });

  it('lists packages in one order, however they are given', () => {
    expect(generateDockerfile(parts).text).toBe(generateDockerfile({ ...parts, packages: ['imagemagick', 'zip', 'imagemagick'] }).text);
  });

  it('mounts the CA bundle and secrets, and writes neither into a layer', () => {
    const { text } = generateDockerfile({ ...parts, hasExtraCa: true, library: step('npm ci', ['NPM_TOKEN']) });
    expect(text).toContain('--mount=type=secret,id=molo-ca,mode=0444');
    expect(text).toContain('--mount=type=secret,id=NPM_TOKEN,uid=1000,mode=0400');
    expect(text).not.toMatch(/^(ARG|ENV) .*NPM_TOKEN/m);
    expect(text).not.toMatch(/COPY .*molo-ca/);
  });

  it('takes the result of a build as one Source layer, without dependencies for development', () => {
    const { text, layerKinds } = generateDockerfile({ ...parts, build: { install: step('npm ci --include=dev'), steps: [step('npm run build')], excludes: ['node_modules', 'web/node_modules'], prune: undefined } });
    expect(layerKinds.filter((kind) => kind === 'source')).toHaveLength(1);
    expect(text).toContain('--exclude=./node_modules --exclude=./web/node_modules');
    expect(text.split('\n').findLast((line) => line.startsWith('FROM '))).toBe('FROM base');
  });
});
