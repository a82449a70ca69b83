import { expect, it } from 'vitest';
import type { Surroundings } from './service.ts';
import { registry } from './stores.ts';

function realm(settings: Record<string, string>): string {
  const all = { MOLO_REGISTRY_HOST: 'localhost:5443', MOLO_REGISTRY_PORT: '5443', MOLO_CONTROL_PLANE_URL: 'http://127.0.0.1:4000', ...settings };
  const { files } = registry({ settings: all, home: '/var/lib/molo', node: 'node', checkout: '/opt/molo', registrySecret: 'secret' } as unknown as Surroundings);
  const configuration = JSON.parse(files?.['config.yml'] ?? '') as { auth: { token: { realm: string } } };
  return configuration.auth.token.realm;
}

it.each([
  ['on the machine itself where the platform is reached from there alone', { MOLO_DOMAIN: 'localhost', MOLO_HTTP_PORT: '8080' }, 'http://127.0.0.1:4000/registry/token'],
  ["at the platform's address, whatever the registry is called", { MOLO_DOMAIN: 'pier.example.com', MOLO_HTTP_PORT: '80' }, 'http://molo.pier.example.com/registry/token'],
  ['with the port where it is not the usual one', { MOLO_DOMAIN: 'pier.example.com', MOLO_HTTP_PORT: '8080', MOLO_REGISTRY_HOST: 'registry.example.com:5443' }, 'http://molo.pier.example.com:8080/registry/token'],
])('the registry sends its clients for tokens %s', (_, settings, expected) => {
  expect(realm(settings)).toBe(expected);
});
