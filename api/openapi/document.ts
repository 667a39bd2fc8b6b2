import type { z } from 'zod';
import { problemSchema } from '../../contract/problem';
import { ACTOR_HEADER } from '../http/actor';
import { KEY_HEADER } from '../http/router';
import { keepsAnswer, TAGS, type Declaration, type ResponseShape, type Route } from '../http/route';
import { REPLAYED_HEADER } from '../http/write';
import { PROBLEMS, type ProblemCode } from '../problems';
import { createSchemas, type JsonSchema, type SchemaSet, type SchemaUse } from './schemas';

export type OpenApiDocument = Readonly<Record<string, unknown>>;

export interface DocumentOptions {
  readonly routes: readonly Route[];
  /** Schemas that are components, by their names. */
  readonly components: Readonly<Record<string, z.ZodType>>;
  readonly version: string;
}

/** The OpenAPI 3.1 document of declared routes. */
export function describeRoutes({ routes, components, version }: DocumentOptions): OpenApiDocument {
  const declared = routes.map(({ declaration }) => declaration);
  const schemas = createSchemas({ Problem: problemSchema, ...components }, declared.flatMap(usesOf));
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const { path, method } = route.declaration;
    (paths[path] ??= {})[method] = describe(route, schemas);
  }
  const tags = new Set(declared.map(({ tag }) => tag));
  return {
    openapi: '3.1.1',
    info: {
      title: 'Callyard',
      version,
      summary: 'Self-hosted pay-per-call platform',
      description: [
        'Every request needs `Authorization: Bearer <admin key>`. Bodies are JSON; instants are ISO 8601 in UTC, ',
        'money is whole micros in strings (`"1500000"` is 1.50). Errors are problem details (RFC 9457) with a `code`.',
      ].join(''),
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/api/v1' }],
    security: [{ adminKey: [] }],
    tags: Object.entries(TAGS)
      .filter(([name]) => tags.has(name as Declaration['tag']))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: schemas.components,
      securitySchemes: {
        adminKey: { type: 'http', scheme: 'bearer', description: 'The admin key, `CALLYARD_ADMIN_KEY`.' },
      },
    },
  };
}

function usesOf({ params, query, body, responses }: Declaration): SchemaUse[] {
  const sent = [params, query, body].filter((schema) => schema !== undefined);
  const got = [problemSchema, ...Object.values(responses).map((response) => response.body)];
  return [
    ...sent.map((schema) => ({ schema, direction: 'input' as const })),
    ...got.filter((schema) => schema !== null).map((schema) => ({ schema, direction: 'output' as const })),
  ];
}

function describe(route: Route, schemas: SchemaSet): JsonSchema {
  const { declaration } = route;
  const { operationId, summary, description, tag, body, example, open } = declaration;
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    ...(open ? { security: [] } : {}),
    parameters: parametersOf(route, schemas),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: {
              'application/json': {
                schema: schemas.of({ schema: body, direction: 'input' }),
                ...(example === undefined ? {} : { example }),
              },
            },
          },
        }),
    responses: responsesOf(route, schemas),
  };
}

/** Acts on a resource that is there, so that the client may say which revision of it they mean. */
function isEdit({ kind, declaration }: Pick<Route, 'kind' | 'declaration'>): boolean {
  return kind === 'write' && declaration.revisioned === true;
}

function parametersOf({ kind, declaration }: Route, schemas: SchemaSet): JsonSchema[] {
  const { params, query } = declaration;
  const header = (name: string, description: string, schema: JsonSchema): JsonSchema => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string', ...schema },
  });
  return [
    ...(params === undefined
      ? []
      : parametersFrom(schemas.of({ schema: params, direction: 'input' }), 'path')),
    ...(query === undefined
      ? []
      : parametersFrom(schemas.of({ schema: query, direction: 'input' }), 'query')),
    ...(!isEdit({ kind, declaration })
      ? []
      : [
          header(
            'If-Match',
            'The `ETag` of what you have seen: when it has been changed since, 412 and nothing is done.',
            { examples: ['"3"'] },
          ),
        ]),
    ...(kind !== 'events'
      ? []
      : [
          header('Last-Event-ID', 'The id of the last event that was seen: the stream goes on behind it.', {
            maxLength: 8192,
          }),
        ]),
    ...(keepsAnswer({ kind, declaration })
      ? [
          header(
            KEY_HEADER,
            'The same key with the same request gets the same answer for 24 hours, and is carried out once.',
            { minLength: 1, maxLength: 255 },
          ),
        ]
      : []),
    ...(kind === 'write'
      ? [header(ACTOR_HEADER, 'Who is acting, for the audit trail.', { minLength: 1, maxLength: 80 })]
      : []),
  ];
}

function parametersFrom(schema: JsonSchema, place: 'path' | 'query'): JsonSchema[] {
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
  const required = (schema['required'] ?? []) as string[];
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: property,
  }));
}

function responsesOf(route: Route, schemas: SchemaSet): JsonSchema {
  const { revisioned, responses } = route.declaration;
  const headersOf = (status: number, hasBody: boolean): JsonSchema => ({
    'X-Request-Id': { description: 'Names this request in the log.', schema: { type: 'string' } },
    ...(revisioned !== undefined && hasBody
      ? { ETag: { description: 'Revision of the resource.', schema: { type: 'string' } } }
      : {}),
    ...(status === 201
      ? { Location: { description: 'Where it is.', schema: { type: 'string', format: 'uri-reference' } } }
      : {}),
    ...(keepsAnswer(route)
      ? {
          [REPLAYED_HEADER]: {
            description: 'There when this is the answer to an earlier request with the same key.',
            schema: { type: 'string', const: 'true' },
          },
        }
      : {}),
  });
  const good = Object.entries(responses).map(([status, { description, body, type }]) => [
    status,
    {
      description,
      headers: headersOf(Number(status), body !== null),
      ...contentOf(body, type ?? (body === null ? null : 'application/json'), schemas),
    },
  ]);
  return Object.fromEntries([...good, ...problemResponses(problemsOf(route), schemas)]);
}

function contentOf(body: ResponseShape['body'], type: string | null, schemas: SchemaSet): JsonSchema {
  if (type === null) return {};
  const schema = body === null ? { type: 'string' } : schemas.of({ schema: body, direction: 'output' });
  return { content: { [type]: { schema } } };
}

/** What a route of its kind may refuse, and what this one adds. */
function problemsOf(route: Route): ReadonlySet<ProblemCode> {
  const { kind, declaration } = route;
  const { params, query, body, open, problems = [] } = declaration;
  return new Set<ProblemCode>([
    ...(query !== undefined || body !== undefined || kind === 'write' ? (['invalid_request'] as const) : []),
    ...(open ? [] : (['unauthorized'] as const)),
    ...(params === undefined ? [] : (['not_found'] as const)),
    ...(body === undefined ? [] : (['too_large', 'unsupported_media_type'] as const)),
    ...(isEdit(route) ? (['stale_revision'] as const) : []),
    ...(keepsAnswer(route) ? (['idempotency_mismatch'] as const) : []),
    ...problems,
    'internal',
    'unavailable',
  ]);
}

function problemResponses(codes: ReadonlySet<ProblemCode>, schemas: SchemaSet): [string, JsonSchema][] {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return [...byStatus].map(([status, among]) => [
    String(status),
    {
      description: among.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' '),
      content: {
        'application/problem+json': { schema: schemas.of({ schema: problemSchema, direction: 'output' }) },
      },
    },
  ]);
}
