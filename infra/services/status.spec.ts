import { describe, expect, it } from 'vitest';
import { statusAsJson } from './status.ts';

describe('the status for programs', () => {
  it('has the settings that others go by, and none that holds a secret', () => {
    const { settings } = statusAsJson([], { MOLO_HTTP_PORT: '80', MOLO_DATABASE_URL: 'postgres://molo:hidden@localhost/molo', MOLO_REDIS_URL: 'redis://:hidden@localhost', MOLO_DOCKER_SOCKET: '/run/docker.sock' });
    expect(settings).toEqual({ MOLO_HTTP_PORT: '80', MOLO_DOCKER_SOCKET: '/run/docker.sock' });
  });
});
