import { z } from 'zod';

/** A JSON Schema (draft 2020-12), which is what OpenAPI 3.1 describes bodies in. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** `input`: what clients send, where defaults may be left out. `output`: what they get, where nothing is missing. */
export type Direction = 'input' | 'output';

/** A schema that stands in the document, and on which side. */
export interface SchemaUse {
  readonly schema: z.ZodType;
  readonly direction: Direction;
}

export interface SchemaSet {
  /** The JSON Schema of a use, with references to the components. */
  of(use: SchemaUse): JsonSchema;
  /** Named schemas that some use refers to, directly or not. */
  readonly components: Readonly<Record<string, JsonSchema>>;
}

const COMPONENTS = '#/components/schemas/';

/**
 * JSON Schemas of zod schemas. Named ones become components wherever they occur in another: one of each name, and
 * `NameInput` beside it where clients send it and get it, and what they may send differs.
 * @param named every schema that has a name; a recursive one must
 * @param uses every schema that will be asked for
 */
export function createSchemas(
  named: Readonly<Record<string, z.ZodType>>,
  uses: readonly SchemaUse[],
): SchemaSet {
  const names = new Map<z.ZodType, string>();
  for (const [name, schema] of Object.entries(named)) names.set(schema, name);
  for (const { schema } of uses) if (!names.has(schema)) names.set(schema, `${ANONYMOUS}${names.size}`);
  const nameOf = ({ schema }: SchemaUse): string => {
    const name = names.get(schema);
    if (name === undefined) throw new Error('This schema is none of those that were put in');
    return name;
  };

  const generated = { input: generate(names, 'input'), output: generate(names, 'output') };
  const reached = {
    input: reach(generated.input, uses.filter(({ direction }) => direction === 'input').map(nameOf)),
    output: reach(generated.output, uses.filter(({ direction }) => direction === 'output').map(nameOf)),
  };
  const differing = namesThatDiffer(generated);
  const titleOf = (name: string, direction: Direction): string =>
    direction === 'input' && reached.output.has(name) && differing.has(name) ? `${name}Input` : name;

  const resolve = (schema: JsonSchema, direction: Direction): JsonSchema =>
    mapRefs(schema, (name) =>
      name.startsWith(ANONYMOUS)
        ? resolve(get(generated[direction], name), direction)
        : { $ref: COMPONENTS + titleOf(name, direction) },
    );
  const components = new Map<string, JsonSchema>();
  for (const direction of ['output', 'input'] as const)
    for (const name of reached[direction])
      if (!name.startsWith(ANONYMOUS))
        components.set(titleOf(name, direction), resolve(get(generated[direction], name), direction));
  return {
    of: (use) => resolve({ $ref: COMPONENTS + nameOf(use) }, use.direction),
    components: Object.fromEntries([...components].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Begins the names of schemas that stand where they are used. */
const ANONYMOUS = '~';

function get(schemas: Readonly<Record<string, JsonSchema>>, name: string): JsonSchema {
  const schema = schemas[name];
  if (schema === undefined) throw new Error(`No schema is called ${name}`);
  return schema;
}

/** All names that `from` leads to, and those themselves. */
function reach(schemas: Readonly<Record<string, JsonSchema>>, from: readonly string[]): Set<string> {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    mapRefs(get(schemas, name), (target) => {
      visit(target);
      return {};
    });
  };
  from.forEach(visit);
  return reached;
}

/** What zod lets us change of a schema it has generated. */
interface Overridden {
  readonly zodSchema: z.core.$ZodTypes;
  readonly jsonSchema: z.core.JSONSchema.BaseSchema;
}

function generate(names: ReadonlyMap<z.ZodType, string>, io: Direction): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of names) registry.add(schema, { id });
  const options = {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }: Overridden) => {
      const { def } = zodSchema._zod;
      // Transforms of ours only brand: what comes out has the shape of what went in.
      if (io === 'output' && def.type === 'pipe' && def.out._zod.def.type === 'transform')
        Object.assign(jsonSchema, withoutHead(z.toJSONSchema(def.in, options)));
      // zod leaves out the defaults of what is transformed.
      if (io === 'input' && def.type === 'default') jsonSchema.default ??= def.defaultValue;
      // What the format and the type say already.
      if (jsonSchema.format === 'date-time' || jsonSchema.format === 'date') delete jsonSchema.pattern;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  } as const;
  const { schemas } = z.toJSONSchema(registry, { ...options, uri: (id) => COMPONENTS + id });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, withoutHead(schema as JsonSchema)]),
  );
}

/** A component has no address of its own. */
function withoutHead(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.entries(schema).filter(([keyword]) => keyword !== '$schema' && keyword !== '$id'),
  );
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
