import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { z } from 'zod';
import { ROUTES } from '../../api/api';
import { readRoute, type Route } from '../../api/http/route';
import { COMPONENTS } from '../../api/openapi/components';
import { describeRoutes } from '../../api/openapi/document';

const lintedSchema = z.array(
  z.object({ ruleId: z.string(), message: z.string(), pointer: z.string().optional() }),
);

/** What Redocly's recommended rules say about a document, errors and warnings. */
function lint(document: unknown): z.infer<typeof lintedSchema> {
  const output = execFileSync(process.execPath, [path.join(__dirname, 'redocly-lint.mjs')], {
    input: JSON.stringify(document),
    encoding: 'utf8',
  });
  return lintedSchema.parse(JSON.parse(output));
}

const describeAll = (routes: readonly Route[]) =>
  describeRoutes({ routes, components: COMPONENTS, version: '1' });

describe('the OpenAPI document', () => {
  it('lints clean with the recommended rules', () => {
    expect(lint(describeAll(ROUTES))).toEqual([]);
  });

  it('would not lint clean with a mistake in it', () => {
    const route = readRoute({
      method: 'get',
      path: '/things/{id}',
      operationId: 'getThing',
      summary: 'A thing',
      tag: 'Calls',
      responses: { 200: { description: 'It.', body: z.string() } },
      handle: () => Promise.resolve({ status: 200 as const, body: '' }),
    });
    expect(lint(describeAll([route])).map(({ ruleId }) => ruleId)).toContain('path-parameters-defined');
  });

  it('has only examples that would be taken', () => {
    const examples = ROUTES.map(({ declaration }) => declaration).filter(
      ({ example }) => example !== undefined,
    );
    expect(examples.length).toBeGreaterThan(10);
    for (const { operationId, body, example } of examples)
      expect([operationId, body?.safeParse(example).error?.issues ?? []]).toEqual([operationId, []]);
  });

  it('names every operation once', () => {
    const ids = ROUTES.map(({ declaration }) => declaration.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
