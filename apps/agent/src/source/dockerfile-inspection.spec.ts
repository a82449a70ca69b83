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
