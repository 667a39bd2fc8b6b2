import { z } from 'zod';
import { readRoute, type Route } from '../http/route';
import { COMPONENTS } from './components';
import { describeRoutes, type OpenApiDocument } from './document';

/** `GET /openapi.json`: the document of `others` and of itself. Needs no key: it holds nothing of anybody's. */
export function documentRoute(others: readonly Route[], version: string): Route {
  const route: Route = readRoute({
    method: 'get',
    path: '/openapi.json',
    operationId: 'getOpenApiDocument',
    summary: 'The OpenAPI document of this API',
    tag: 'Documentation',
    open: true,
    responses: {
      200: { description: 'This document.', body: z.record(z.string(), z.unknown()) },
    },
    handle: () => Promise.resolve({ status: 200 as const, body: document() }),
  });
  let built: OpenApiDocument | undefined;
  const document = (): OpenApiDocument =>
    (built ??= describeRoutes({ routes: [...others, route], components: COMPONENTS, version }));
  return route;
}
