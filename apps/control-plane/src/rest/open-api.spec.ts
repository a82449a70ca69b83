import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Validator } from '@seriousme/openapi-schema-validator';
import { api } from '@molo/contracts';
import { TestControlPlane } from '../test-control-plane.js';

let platform: TestControlPlane;
let document: Record<string, unknown> & { paths: Record<string, Record<string, { operationId: string }>> };

beforeAll(async () => {
  platform = await TestControlPlane.start();
  const { text } = await platform.send('GET', '/api/openapi.json', { as: 'anonymous' });
  document = JSON.parse(text) as typeof document;
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(document));
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  it('describes every endpoint of the table, and nothing else', () => {
    const described = Object.values(document.paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
    expect(described.toSorted()).toEqual(Object.keys(api).toSorted());
  });

  it('points only at schemas that it holds', () => {
    const schemas = (document['components'] as { schemas: object }).schemas;
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    expect(references.length).toBeGreaterThan(20);
    expect([...new Set(references)].filter((name) => !Object.hasOwn(schemas, name ?? ''))).toEqual([]);
  });
});
