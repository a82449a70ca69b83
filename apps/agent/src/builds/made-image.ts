import { AppError, type MadeImage } from '@molo/contracts';
import type Docker from 'dockerode';
import { unlessGone } from '../engine/docker-forms.js';
import { stackImage, type AppPlan } from '../source/app-plan.js';
import { whileUnavailable } from './while-unavailable.js';

/** What a build made, as it is told before it is stored. Throws `no_web_process` where it names no program to run. */
export async function madeImage(docker: Docker, plan: AppPlan, imageId: string, signal: AbortSignal): Promise<MadeImage> {
  await checkCommand(docker, plan, imageId, signal);
  return { imageId, manifest: plan.manifest, stackImageId: await stackOf(docker, plan, signal) };
}

/** What the engine knows of an image. One that is being started again is waited for. */
export function inspectImage(docker: Docker, reference: string, signal: AbortSignal): Promise<Docker.ImageInspectInfo> {
  return whileUnavailable(async () => {
    try {
      return await docker.getImage(reference).inspect();
    } catch (cause) {
      throw unlessGone(cause, cause);
    }
  }, signal);
}

/** An image from scratch may name no program: found here, the reason is known; at its start there would be the engine's words alone. */
async function checkCommand(docker: Docker, plan: AppPlan, imageId: string, signal: AbortSignal): Promise<void> {
  if (Object.values(plan.manifest.processes).every(({ command }) => command !== null)) return;
  const { Config: config } = await inspectImage(docker, imageId, signal);
  if (config.Cmd?.length || config.Entrypoint?.length) return;
  throw new AppError('no_web_process', { detail: `The image names no program to run: neither ${plan.image.dockerfile} nor its base image has a CMD or ENTRYPOINT. Add one, such as CMD ["/app/server"], or name the command of web in a Procfile.` });
}

/** The engine's id of the stack below: with another stack the same source is another image. */
async function stackOf(docker: Docker, plan: AppPlan, signal: AbortSignal): Promise<string | null> {
  const [stack] = plan.image.stacks;
  return stack === undefined ? null : (await inspectImage(docker, stackImage(stack), signal)).Id;
}
