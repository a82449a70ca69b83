import { AppError } from '@molo/contracts';
import { stackSuites } from '../stacks/stack-image.js';

/** BuildKit resolves a base image, or the frontend of a `# syntax=` line, in a step of its own. */
export function imageOfStep(step: string): string | undefined {
  return /^(?:\[internal\] load metadata for|resolve image config for|\[[^\]]+\] FROM|docker-image:\/\/)\s*(\S+)$/.exec(step)?.[1];
}

/**
 * A build stands on images of its own app and on what anybody may have: the platform's registry holds other apps', and
 * so does the engine itself, which asks nobody who they are. Returns why an image is refused.
 * @param imageRepository of the build's own app: `HOST:PORT/myapp`
 */
export function foreignImage(image: string, imageRepository: string): AppError | undefined {
  if (!isOnPlatform(image, imageRepository) || repositoryOf(image) === imageRepository) return undefined;
  return new AppError('source_invalid', {
    detail: `The Dockerfile builds on ${image}, an image of another app. A build may use images of its own app and public ones. Whoever may read that app can hand it on: docker pull ${image}, and push it as ${imageRepository}:NAME.`,
  });
}

/** @param imageRepository of the build's own app, on whose host the platform's own images are */
export function baseImageUnavailable(image: string, reason: string, imageRepository: string, cause: unknown): AppError {
  const short = image.replace(/^docker\.io\/(library\/)?/, '').replace(/@sha256:.*/, '');
  return new AppError('base_image_unavailable', { detail: detailOf(short, reason, imageRepository), cause });
}

function detailOf(short: string, reason: string, imageRepository: string): string {
  if (short.startsWith('docker/dockerfile')) return `The Dockerfile's "# syntax=${short}" line needs an image that this node cannot fetch (${reason}). Remove that line, or give the node access to its registry.`;
  if (isOnPlatform(short, imageRepository)) return `The platform's registry has no image ${short} (${reason}). Push it there first: docker push ${short}; "molo images" lists those that there are.`;
  const stacks = Object.keys(stackSuites).map((name) => `molo/stack:${name}`).join(' or ');
  return `The base image ${short} is not on this node and could not be fetched (${reason}). Use ${stacks}, which every node has, or give the node access to the image's registry.`;
}

function isOnPlatform(image: string, imageRepository: string): boolean {
  return image.startsWith(imageRepository.slice(0, imageRepository.indexOf('/') + 1));
}

/** Without tag and digest. */
function repositoryOf(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}
