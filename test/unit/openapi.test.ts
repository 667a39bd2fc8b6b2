import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ROUTES } from '../../api/api';
import { readRoute, type Route } from '../../api/http/route';
import { PROBLEM_CODES } from '../../contract/problem';
import { COMPONENTS } from '../../api/openapi/components';
import { describeRoutes } from '../../api/openapi/document';
import { PROBLEMS } from '../../api/problems';

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

  it('says in components what is a name elsewhere, and nothing that is not used', () => {
    const text = JSON.stringify(describeAll(ROUTES));
    const { components } = JSON.parse(text) as { components: { schemas: Record<string, unknown> } };
    const names = Object.keys(components.schemas);
    expect(names).toEqual(expect.arrayContaining(['Campaign', 'Condition', 'Problem', 'NewNumber']));
    const unused = names.filter((name) => !text.includes(`"#/components/schemas/${name}"`));
    expect(unused).toEqual([]);
    expect(text).not.toContain('~');
  });
});

describe('the documentation of the API', () => {
  const text = readFileSync(path.join(__dirname, '..', '..', 'docs', 'api.md'), 'utf8');

  it('explains every problem code with its status, and no other', () => {
    const rows = [...text.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [
      code,
      Number(status),
    ]);
    expect(new Map(rows as [string, number][])).toEqual(
      new Map(PROBLEM_CODES.map((code) => [code, PROBLEMS[code].status])),
    );
  });

  it('names only routes that are served', () => {
    const outsideOfTheApi = ['/healthz', '/readyz', '/metrics'];
    const served = new Set([
      ...outsideOfTheApi,
      ...ROUTES.map(({ declaration }) => declaration.path.replace(/\{\w+\}/g, '{}')),
    ]);
    const named = [...text.matchAll(/`(?:[A-Z]+ )+(\/[\w{}/-]+)[^`]*`/g)].map(([, route = '']) => route);
    expect(named.length).toBeGreaterThan(10);
    const unknown = named.filter((route) => !served.has(route.replace(/\{\w+\}/g, '{}')));
    expect(unknown).toEqual([]);
  });
});
