import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

type Json = Readonly<Record<string, unknown>>;

/** Holds real answers against an OpenAPI document, and remembers which of it they have shown. */
export interface ResponseCheck {
  /** @throws when the document knows no such operation, status or type, or the body does not match */
  response(method: string, path: string, status: number, headers: Headers, body: unknown): void;
  /** `operationId status` of every answer seen. */
  readonly seen: ReadonlySet<string>;
  readonly operationIds: readonly string[];
}

interface Operation {
  readonly operationId: string;
  readonly method: string;
  readonly path: RegExp;
  /** Paths without parameters come first. */
  readonly parameters: number;
  readonly pointer: string;
  readonly responses: Readonly<Record<string, { readonly content?: Json; readonly headers?: Json }>>;
}

export function createResponseCheck(document: unknown): ResponseCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(document as Json, 'openapi');
  const operations = operationsOf(document as { paths: Record<string, Record<string, Operation>> });
  const validators = new Map<string, ValidateFunction>();
  const seen = new Set<string>();
  return {
    seen,
    operationIds: operations.map(({ operationId }) => operationId),
    response(method, path, status, headers, body) {
      const bare = path.split('?')[0] ?? '';
      const operation = operations.find(
        (known) => known.method === method.toLowerCase() && known.path.test(bare),
      );
      // What no route knows is answered by none of them.
      if (operation === undefined && (status === 404 || status === 401)) return;
      const where = `${method} ${bare} ${status}`;
      if (operation === undefined) throw new Error(`${where}: no such operation`);
      const response = operation.responses[status];
      if (response === undefined) throw new Error(`${where}: ${operation.operationId} does not declare it`);
      const type = headers.get('content-type')?.split(';')[0];
      const types = Object.keys(response.content ?? {});
      if (types.length === 0 ? body !== undefined : !types.includes(type ?? ''))
        throw new Error(`${where}: has type ${type}, declared are ${types.join(', ') || 'none'}`);
      for (const name of ['etag', 'location'])
        if (headers.has(name) && !Object.keys(response.headers ?? {}).some((it) => it.toLowerCase() === name))
          throw new Error(`${where}: the header ${name} is not declared`);
      if (type !== undefined && types.length > 0) {
        const pointer = `${operation.pointer}/responses/${status}/content/${escape(type)}/schema`;
        const validate = validators.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` });
        validators.set(pointer, validate);
        if (!validate(body)) throw new Error(`${where}: ${ajv.errorsText(validate.errors)}`);
      }
      seen.add(`${operation.operationId} ${status}`);
    },
  };
}

function operationsOf(document: { paths: Record<string, Record<string, Operation>> }): Operation[] {
  return Object.entries(document.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId, responses }]) => ({
        operationId,
        method,
        path: new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
        parameters: path.split('{').length,
        pointer: `/paths/${escape(path)}/${method}`,
        responses,
      })),
    )
    .sort((a, b) => a.parameters - b.parameters);
}

/** A key as it stands in a JSON Pointer that is the fragment of a URI. */
function escape(key: string): string {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));
}
