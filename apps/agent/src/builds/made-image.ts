import { AppError, type MadeImage } from '@molo/contracts';
import type Docker from 'dockerode';
import { imageFacts } from '../engine/image-facts.js';
import { stackImage, type AppPlan } from '../source/app-plan.js';
import { whileUnavailable } from './while-unavailable.js';

/** What a build made, as it is told before it is stored. Throws `no_web_process` where it names no program to run. */
export async function madeImage(docker: Docker, plan: AppPlan, imageId: string, signal: AbortSignal): Promise<MadeImage> {
  await checkCommand(docker, plan, imageId, signal);
  return { imageId, manifest: plan.manifest, stackImageId: await stackOf(docker, plan, signal) };
}

/** An image from scratch may name no program: found here, the reason is known; at its start there would be the engine's words alone. */
async function checkCommand(docker: Docker, plan: AppPlan, imageId: string, signal: AbortSignal): Promise<void> {
  if (Object.values(plan.manifest.processes).every(({ command }) => command !== null)) return;
  const { Config: config } = await presentImage(docker, imageId, signal);
  if (config.Cmd?.length || config.Entrypoint?.length) return;
  throw new AppError('no_web_process', { detail: `The image names no program to run: neither ${plan.image.dockerfile} nor its base image has a CMD or ENTRYPOINT. Add one, such as CMD ["/app/server"], or name the command of web in a Procfile.` });
}

/** The engine's id of the stack below: with another stack the same source is another image. */
async function stackOf(docker: Docker, plan: AppPlan, signal: AbortSignal): Promise<string | null> {
  const [stack] = plan.image.stacks;
  return stack === undefined ? null : (await presentImage(docker, stackImage(stack), signal)).Id;
}

async function presentImage(docker: Docker, name: string, signal: AbortSignal): Promise<Docker.ImageInspectInfo> {
  const facts = await whileUnavailable(() => imageFacts(docker, name), signal);
  if (!facts) throw new AppError('internal', { detail: `The image ${name} was there a moment ago and is gone. Deploy again.` });
  return facts;
}
