import { AppError } from '@molo/contracts';
import type Docker from 'dockerode';
import { statusCodeOf } from './docker-forms.js';

/**
 * What the engine has under an image's name or id; null where it has none, and where that is no name (400). Throws `unavailable` where the engine does not
 * say: what may well be there is not made again for that.
 */
export async function imageFacts(docker: Docker, name: string): Promise<Docker.ImageInspectInfo | null> {
  try {
    return await docker.getImage(name).inspect();
  } catch (cause) {
    if ([400, 404].includes(statusCodeOf(cause) ?? 0)) return null;
    throw new AppError('unavailable', { detail: 'The Docker Engine does not answer. Deploy again when it does.', cause });
  }
}
