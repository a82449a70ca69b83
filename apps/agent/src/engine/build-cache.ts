import type Docker from 'dockerode';

/** `POST /build/prune`; dockerode's own function for it sends no options. Returns the bytes that were freed. */
export async function pruneBuildCache(docker: Docker, keepBytes: number): Promise<number> {
  const request = { path: '/build/prune?', method: 'POST', options: { 'keep-storage': keepBytes }, statusCodes: { 200: true, 500: 'server error' } };
  const { SpaceReclaimed: freed } = await new Promise<{ SpaceReclaimed?: number }>((resolve, reject) => {
    docker.modem.dial(request, (error, answer) => {
      if (error) reject(error);
      else resolve(answer as { SpaceReclaimed?: number });
    });
  });
  return freed ?? 0;
}
