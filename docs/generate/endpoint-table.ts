import type { Endpoint } from '@molo/contracts';
import { z } from 'zod';

/** The endpoints as Markdown tables, one for each tag, in the order of the table that they are made from. */
export function endpointTables(api: Readonly<Record<string, Endpoint>>): string {
  const tags = [...new Set(Object.values(api).map((endpoint) => endpoint.tag))];
  return tags.map((tag) => section(tag, Object.values(api).filter((endpoint) => endpoint.tag === tag))).join('\n\n');
}

function section(tag: string, endpoints: readonly Endpoint[]): string {
  const rows = endpoints.map((endpoint) => `| \`${endpoint.method} ${endpoint.path}\` | ${endpoint.summary} | ${rightOf(endpoint)} | ${inputOf(endpoint)} | ${answerOf(endpoint)} |`);
  return [`### ${tag[0]?.toUpperCase()}${tag.slice(1)}`, '', '| request | what | right, on | takes | answers |', '|---|---|---|---|---|', ...rows].join('\n');
}

function rightOf({ right, on }: Endpoint): string {
  return right === 'public' || right === 'any' ? right : `${right}, ${on}`;
}

function inputOf(endpoint: Endpoint): string {
  const query = namesOf(endpoint.query).map((name) => `\`?${name}\``);
  const body = namesOf(endpoint.body).map((name) => `\`${name}\``);
  return [...query, ...body].join(', ') || (isOpen(endpoint.body) ? 'a number for each process type' : '–');
}

function answerOf(endpoint: Endpoint): string {
  const kinds = { json: '', 'event-stream': ', stream', download: ', file' };
  return `${endpoint.status}${kinds[endpoint.produces]}`;
}

function namesOf(schema: z.ZodType): string[] {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function isOpen(schema: z.ZodType): boolean {
  return schema instanceof z.ZodRecord;
}
