import * as fc from 'fast-check';

/** The part of JSON Schema that the OpenAPI document is written in. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  /** Beside properties: one of them is given. */
  readonly oneOf?: readonly Pick<Schema, 'required'>[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

/** Text that has broken something somewhere. */
export const hostileText = fc.oneof(
  fc.constantFrom('', ' ', '\0', 'a\0b', '\ud800', 'x\udfff', '\u202eevil', '../../../../etc/passwd', '..%2f..%2f', '%00', '%', "' or 1=1 --", '"; drop table apps; --', '$(reboot)', '`id`', '<script>alert(1)</script>', '\r\nset-cookie: a=b', '\u001b[2J', '__proto__', 'constructor', 'toString', 'NaN', 'Infinity', '-0', '1e999', '0x10', '9'.repeat(40), '٣', 'true', 'null', '[object Object]', '{{7*7}}', '%s%n', 'ﷺ'.repeat(50)),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('x', 'é', '%').map((unit) => unit.repeat(5000)),
);

const hostileNumber = fc.oneof(fc.constantFrom(-1, 0, -0, 0.5, 1e308, -1e308, 2 ** 31, 2 ** 53, 2 ** 63, Number.MIN_VALUE), fc.double({ noNaN: true, noDefaultInfinity: true }));
const deep = fc.constantFrom(10, 500).map((depth) => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) as unknown);

/** A JSON value that no schema asks for. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(hostileText, hostileNumber, fc.constantFrom(null, true, false, [], {}, [[]], [null], { length: -1 }, { toString: 1 }), deep, fc.jsonValue({ maxDepth: 4 }));

/** Values that a schema of the document describes. */
export function valuesOf(schema: Schema, document: { readonly components: { readonly schemas: Readonly<Record<string, Schema>> } }): fc.Arbitrary<unknown> {
  const of = (inner: Schema): fc.Arbitrary<unknown> => valuesOf(inner, document);
  if (schema.$ref !== undefined) return of(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(of));
  switch (schema.type) {
    case 'string':
      return texts(schema);
    case 'integer':
    case 'number':
      return fc.integer({ min: Math.max(schema.minimum ?? 0, -1e9), max: Math.min(schema.maximum ?? 1000, 1e9) });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(of(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 3 });
    case 'object':
      return objects(schema, of);
    case undefined:
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function texts(schema: Schema): fc.Arbitrary<string> {
  if (schema.format === 'uuid') return fc.uuid();
  if (schema.format === 'email') return fc.emailAddress();
  if (schema.pattern !== undefined && !schema.pattern.includes('(?')) return fc.stringMatching(new RegExp(schema.pattern, 'u')).map((text) => text.slice(0, schema.maxLength ?? 200));
  return fc.string({ unit: 'grapheme-ascii', minLength: schema.minLength ?? 0, maxLength: Math.min(schema.maxLength ?? 30, 30) });
}

function objects(schema: Schema, of: (inner: Schema) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  if (schema.oneOf) return fc.oneof(...schema.oneOf.map(({ required = [] }) => objects(onlyWith(schema, required), of)));
  const own = fc.record(Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, of(inner)])), { requiredKeys: [...(schema.required ?? [])] });
  if (typeof schema.additionalProperties !== 'object') return own;
  return fc.dictionary(of(schema.propertyNames ?? { type: 'string' }).map(String), of(schema.additionalProperties), { maxKeys: 3, noNullPrototype: true });
}

/** Of the properties that are one in place of another, those that are given. */
function onlyWith({ oneOf = [], properties = {}, required = [], ...schema }: Schema, given: readonly string[]): Schema {
  const others = oneOf.flatMap((each) => each.required ?? []).filter((name) => !given.includes(name));
  return { ...schema, properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !others.includes(name))), required: [...required, ...given] };
}
