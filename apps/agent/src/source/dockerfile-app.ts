import { posix } from 'node:path';
import { AppError } from '@molo/contracts';
import { completeManifest, type AppFiles } from './app-manifest.js';
import type { AppPlan, PlanSettings } from './app-plan.js';
import { dockerIgnore } from './docker-ignore.js';
import { classifyLayers, inspectDockerfile } from './dockerfile-inspection.js';
import { parsePackageJson } from './node-app.js';
import type { SourceTree } from './source-tree.js';

/** A directive counts at the top of the file only. */
const syntaxLine = /^#\s*syntax\s*=.*$/im;
const stackReference = /^(?:docker\.io\/)?molo\/stack:([\w.-]+)$/;

const longestDockerfile = 1024 ** 2;

/** An app with a Dockerfile of its own: built as it stands. */
export async function planDockerfile(tree: SourceTree, files: AppFiles, settings: PlanSettings): Promise<AppPlan> {
  const { build } = files.file;
  const path = posix.normalize(build?.dockerfile ?? 'Dockerfile');
  const text = await tree.text(path);
  if (text === undefined) throw new AppError('manifest_invalid', { detail: `molo.yml: build.dockerfile is ${path}, and there is no such file in the source tree.` });
  if (text.length > longestDockerfile) throw new AppError('source_invalid', { detail: `${path} has ${text.length} characters, and Molo reads no Dockerfile of more than ${longestDockerfile}. Move what is long in it into scripts that it copies.` });
  const facts = inspectDockerfile(text);
  if (!facts) throw new AppError('source_invalid', { detail: `${path} has no FROM. Begin it with a base image, such as FROM molo/stack:${settings.stack}` });
  for (const key of ['packages', 'command', 'static'] as const) {
    if (build?.[key] === undefined) continue;
    throw new AppError('manifest_invalid', { detail: `molo.yml: build.${key} has no meaning for an app with a Dockerfile; write it in ${path}.` });
  }
  const manifest = completeManifest(files, { builder: 'dockerfile', packageVersion: await packageVersion(tree), defaultWeb: null, port: facts.port, imageHasHealthCheck: facts.hasHealthCheck });
  const ignored = dockerIgnore((await tree.text(`${path}.dockerignore`)) ?? (await tree.text('.dockerignore')) ?? '');
  return {
    manifest,
    headline: path === 'Dockerfile' ? 'Dockerfile found' : `Dockerfile found at ${path}`,
    notes: [`Base image ${facts.base}`, `Port ${manifest.port}${facts.port === undefined && files.file.port === undefined ? ' (no EXPOSE: the default)' : ''}`],
    image: {
      dockerfile: path,
      context: { prefix: '', leavesOut: (each) => each !== path && ignored(each), additions: new Map() },
      contextWithoutSyntax: syntaxLine.test(text) ? { prefix: '', leavesOut: (each) => each === path || ignored(each), additions: new Map([[path, text.replace(syntaxLine, '#')]]) } : undefined,
      stacks: facts.images.flatMap((image) => stackReference.exec(image)?.[1] ?? []),
      toolchains: [],
      images: facts.images,
      base: facts.base,
      layerKinds: classifyLayers(facts.layerInstructions),
      labels: { 'molo.layer.os-base': facts.base },
    },
  };
}

/** The Dockerfile makes of a package.json what it likes: one that cannot be read has no version, and is no error. */
async function packageVersion(tree: SourceTree): Promise<string | undefined> {
  try {
    return parsePackageJson((await tree.text('package.json')) ?? '{}').version;
  } catch {
    return undefined;
  }
}
