import { z } from 'zod';

/** A JSON Schema (draft 2020-12), which is what OpenAPI 3.1 describes bodies in. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** `input`: what clients send, where defaults may be left out. `output`: what they get, where nothing is missing. */
export type Direction = 'input' | 'output';

export interface SchemaSet {
  /** The schema of something anonymous that was put in. */
  of(schema: z.ZodType, direction: Direction): JsonSchema;
  /** Named schemas that something refers to, directly or not. */
  components(): Record<string, JsonSchema>;
}

const COMPONENTS = '#/components/schemas/';

/**
 * JSON Schemas of zod schemas. Named ones become components wherever they occur in another: `Name` as clients get it,
 * and `NameInput` where what they may send differs.
 * @param named every schema that has a name; a recursive one must
 * @param anonymous all others that will be asked for
 */
export function createSchemas(
  named: Readonly<Record<string, z.ZodType>>,
  anonymous: readonly z.ZodType[],
): SchemaSet {
  const names = new Map<z.ZodType, string>();
  for (const [name, schema] of Object.entries(named)) names.set(schema, name);
  for (const schema of anonymous) if (!names.has(schema)) names.set(schema, `~${names.size}`);

  const generated = { input: generate(names, 'input'), output: generate(names, 'output') };
  const differing = namesThatDiffer(generated);
  const rename = (name: string, direction: Direction): string =>
    direction === 'input' && differing.has(name) ? `${name}Input` : name;

  const used = new Map<string, JsonSchema>();
  const resolve = (schema: JsonSchema, direction: Direction): JsonSchema =>
    mapRefs(schema, (name) => {
      const target = generated[direction][name];
      if (target === undefined) throw new Error(`No schema is called ${name}`);
      if (name.startsWith('~')) return resolve(target, direction);
      const final = rename(name, direction);
      if (!used.has(final)) {
        used.set(final, {});
        used.set(final, resolve(target, direction));
      }
      return { $ref: COMPONENTS + final };
    });

  return {
    of: (schema, direction) => {
      const name = names.get(schema);
      if (name === undefined) throw new Error('This schema was not put in');
      return resolve({ $ref: COMPONENTS + name }, direction);
    },
    components: () => Object.fromEntries([...used].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))),
  };
}

function generate(names: ReadonlyMap<z.ZodType, string>, io: Direction): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of names) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io,
    uri: (id) => COMPONENTS + id,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      // Transforms of ours only brand: what comes out has the shape of what went in.
      const { def } = zodSchema._zod;
      if (
        io === 'output' &&
        def.type === 'pipe' &&
        (def.out as z.core.$ZodType)._zod.def.type === 'transform'
      )
        Object.assign(jsonSchema, withoutHead(z.toJSONSchema(def.in as z.core.$ZodType, { io })));
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, withoutHead(schema as JsonSchema)]),
  );
}

function withoutHead({ $schema: _, $id: __, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

/** Names whose two directions are not the same, also where only something they refer to differs. */
function namesThatDiffer(generated: Record<Direction, Record<string, JsonSchema>>): Set<string> {
  const { input, output } = generated;
  const differing = new Set(
    Object.keys(input).filter((name) => JSON.stringify(input[name]) !== JSON.stringify(output[name])),
  );
  for (let before = -1; before !== differing.size; ) {
    before = differing.size;
    for (const [name, schema] of Object.entries(input))
      mapRefs(schema, (target) => {
        if (differing.has(target)) differing.add(name);
        return {};
      });
  }
  return differing;
}

/** A copy in which every reference to a component is what `replace` makes of its name. */
function mapRefs(schema: JsonSchema, replace: (name: string) => JsonSchema): JsonSchema {
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy);
    if (typeof value !== 'object' || value === null) return value;
    if ('$ref' in value && typeof value.$ref === 'string' && value.$ref.startsWith(COMPONENTS)) {
      const { $ref, ...beside } = value;
      return { ...replace($ref.slice(COMPONENTS.length)), ...beside };
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy(inner)]));
  };
  return copy(schema) as JsonSchema;
}
