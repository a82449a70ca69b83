import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyLayers, inspectDockerfile, parseInstructions } from './dockerfile-inspection.js';

const multiStage = `# syntax=docker/dockerfile:1
ARG NODE_VERSION=24
FROM --platform=linux/amd64 node:\${NODE_VERSION}-slim AS build
WORKDIR /app
COPY package*.json ./
RUN npm ci && \\
    # a comment in between
    npm cache clean --force
COPY . .
RUN npm run build

FROM nginx:1.27 as Final
ENV PORT=9000
EXPOSE 53/udp $PORT/tcp
HEALTHCHECK CMD curl -f http://localhost:9000/
COPY --from=build /app/dist /usr/share/nginx/html
COPY --from=busybox:1.36 /bin/busybox /bin/busybox
CMD ["nginx"]
`;

describe('inspecting a Dockerfile', () => {
  it('finds the final base, the port, the health check and every image that is needed from outside', () => {
    const facts = inspectDockerfile(multiStage);
    expect(facts).toMatchObject({ base: 'nginx:1.27', port: 9000, hasHealthCheck: true });
    expect(facts?.images).toEqual(['node:24-slim', 'nginx:1.27', 'busybox:1.36']);
  });

  it('looks through stages that stand on one another', () => {
    const facts = inspectDockerfile('FROM debian:12 AS base\nRUN apt-get install -y curl\nEXPOSE 7000\nFROM base\nCOPY . /app\n');
    expect(facts).toMatchObject({ base: 'debian:12', port: 7000 });
    expect(facts?.layerInstructions.map(({ keyword }) => keyword)).toEqual(['RUN', 'COPY']);
  });

  it('does not take HEALTHCHECK NONE for a health check', () => {
    expect(inspectDockerfile('FROM a\nHEALTHCHECK CMD true\nHEALTHCHECK NONE')?.hasHealthCheck).toBe(false);
  });

  it('does not take the lines of a here-document for instructions', () => {
    const instructions = parseInstructions('FROM a\nRUN <<EOF\nEXPOSE 1\nFROM b\nEOF\nEXPOSE 2\n');
    expect(instructions.map(({ keyword, text }) => `${keyword} ${text}`)).toEqual(['FROM a', 'RUN <<EOF', 'EXPOSE 2']);
  });

  it.each(['RUN cat <<<word', 'ENV SHIFTED=$((1<<20))', 'RUN node -e "1<<20"', 'LABEL note="<<EOF"'])('takes no here-document out of %s', (line) => {
    const last = parseInstructions(`FROM a\n${line}\nEXPOSE 2\n`).at(-1);
    expect(last?.keyword).toBe('EXPOSE');
  });

  it('goes on over empty lines in the middle of an instruction', () => {
    expect(parseInstructions('FROM a\nRUN one && \\\n\n    two\nEXPOSE 2\n').map(({ text }) => text)).toEqual(['a', 'one && two', '2']);
  });

  it('knows no app in a file without FROM', () => {
    expect(inspectDockerfile('RUN echo hello\n')).toBeUndefined();
    expect(inspectDockerfile('')).toBeUndefined();
  });

  it('calls layers what they hold, in the order of the five kinds', () => {
    const facts = inspectDockerfile(`FROM debian:12
RUN apt-get update && apt-get install -y libpq5
COPY --from=node:24 /usr/local /usr/local
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY . .
RUN npm run build
`);
    expect(classifyLayers(facts?.layerInstructions ?? [])).toEqual(['os-custom', 'binary', 'binary', 'library', 'library', 'source', 'source']);
  });
});

describe('any text at all', () => {
  const words = ['FROM', 'a', 'AS', 'b', 'RUN', 'COPY', '--from=b', '--mount=from=a', 'ENV', 'A=$A$B', '${B:-', '}', 'EXPOSE', '80/tcp', '$A', '<<EOF', 'EOF', '\\', '\n', '"', '#', 'ARG', 'HEALTHCHECK', 'NONE'];

  it('gives facts that hold together, or none', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((text) => text.join(' '))), (text) => {
        const facts = inspectDockerfile(text);
        if (!facts) return;
        expect(facts.images.every((image) => image !== '' && !image.includes('$'))).toBe(true);
        if (facts.port !== undefined) expect(facts.port).toSatisfy((port: number) => Number.isInteger(port) && port > 0 && port < 65_536);
        expect(classifyLayers(facts.layerInstructions)).toHaveLength(facts.layerInstructions.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('gives back the instructions that it is written of, wherever their lines are broken', () => {
    const word = fc.stringMatching(/^[a-z0-9=/.-]{1,8}$/);
    const instruction = fc.record({ keyword: fc.constantFrom('RUN', 'COPY', 'ENV', 'CMD'), words: fc.array(word, { minLength: 1, maxLength: 5 }) });
    fc.assert(
      fc.property(fc.array(instruction, { maxLength: 6 }), fc.constantFrom(' ', ' \\\n', ' \\\n# note\n\n  '), (instructions, space) => {
        const text = instructions.map(({ keyword, words: each }) => [keyword, ...each].join(space)).join('\n');
        expect(parseInstructions(text)).toEqual(instructions.map(({ keyword, words: each }) => ({ keyword, text: each.join(' ') })));
      }),
    );
  });

  it.each([
    ['variables that double each other', `FROM a\nENV V0=xxxxxxxx\n${Array.from({ length: 64 }, (_, index) => `ENV V${index + 1}=$V${index}$V${index}`).join('\n')}\nEXPOSE $V64\n`],
    ['a word without an end', `FROM a\nENV ${'a'.repeat(200_000)}\nRUN ${'npm '.repeat(50_000)}\nRUN ${'--mount='.repeat(25_000)}\n`],
    ['braces without an end', `FROM a\nENV A=${'${a-'.repeat(50_000)}\nEXPOSE ${'$'.repeat(100_000)}\n`],
    ['blanks without an end', `FROM a\nRUN ${' \t'.repeat(100_000)}x\nEXPOSE ${'1 '.repeat(100_000)}\n`],
    ['stages without an end', Array.from({ length: 5000 }, (_, index) => `FROM s${index} AS s${index + 1}`).join('\n')],
    ['sources of COPY without an end', `FROM a\n${`COPY --from=${'x'.repeat(200)} a b\n`.repeat(1000)}`],
  ])('is read at once: %s', (_, text) => {
    const startedAt = performance.now();
    const facts = inspectDockerfile(text);
    classifyLayers(facts?.layerInstructions ?? []);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
