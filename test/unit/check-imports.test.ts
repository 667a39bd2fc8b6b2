import { checkFile } from '../../scripts/check-imports';

/** The arrows refused in a file, as `line arrow`. */
function refused(file: string, source: string): readonly string[] {
  return checkFile(file, source).map(
    ({ line, message }) => `${line} ${message.slice(0, message.indexOf(': '))}`,
  );
}

describe('the import rules between folders', () => {
  test.each([
    ['a rule from another rule', 'domain/call/reducer.ts', `import { a } from '../money';`],
    ['zod in a contract', 'contract/campaign.ts', `import { z } from 'zod';`],
    [
      'types of the domain in a contract',
      'contract/campaign.ts',
      `import type { Micros } from '../domain/money';`,
    ],
    ['types marked one by one', 'contract/campaign.ts', `import { type Micros } from '../domain/money';`],
    [
      'types of activities in a workflow',
      'workflows/call/workflow.ts',
      `import type { A } from '../../activities/call';`,
    ],
    [
      'an import type in a workflow',
      'workflows/call/workflow.ts',
      `type A = import('../../activities/call').A;`,
    ],
    [
      'the workflow package in a workflow',
      'workflows/call/workflow.ts',
      `import { sleep } from '@temporalio/workflow';`,
    ],
    [
      'messages of a workflow in the API',
      'api/webhooks.ts',
      `import { inbound } from '../workflows/call/messages';`,
    ],
    ['ids of workflows in the API', 'api/webhooks.ts', `import { callId } from '../workflows/ids';`],
    [
      "Node's modules in an activity",
      'activities/call/index.ts',
      `import { createHash } from 'node:crypto';`,
    ],
    ['a path inside an allowed package', 'db/pool.ts', `import x from 'pg/lib/defaults';`],
    ['anything in a test', 'test/unit/a.test.ts', `import { x } from '../../workers/main';`],
    ['anything in a script', 'scripts/start/main.ts', `const x = require('../../api/main');`],
    ['a setting of a tool at the root', 'jest.config.cjs', `module.exports = require('anything');`],
    ['the simulator in itself', 'telephony/simulator/call.ts', `import { twiml } from './twiml';`],
  ])('allow %s', (_what, file, source) => {
    expect(refused(file, source)).toEqual([]);
  });

  test.each([
    ['a package in the domain', 'domain/hours.ts', `import { z } from 'zod';`, '1 domain → zod'],
    ["Node's modules in the domain", 'domain/draw.ts', `import c from 'crypto';`, '1 domain → crypto'],
    [
      'types of a contract in the domain',
      'domain/a.ts',
      `import type { C } from '../contract/c';`,
      '1 domain → contract/c',
    ],
    ['the database in a contract', 'contract/a.ts', `import { x } from '../db/x';`, '1 contract → db/x'],
    [
      'values of activities in a workflow',
      'workflows/a.ts',
      `import { x } from '../activities/x';`,
      '1 workflows → activities/x',
    ],
    [
      'values of contracts in a workflow',
      'workflows/a.ts',
      `import { x, type Y } from '../contract/x';`,
      '1 workflows → contract/x',
    ],
    ['zod in a workflow', 'workflows/a.ts', `import { z } from 'zod';`, '1 workflows → zod'],
    [
      'an import for its effect only',
      'workflows/a.ts',
      `import '../contract/x';`,
      '1 workflows → contract/x',
    ],
    [
      'a workflow itself in the API',
      'api/a.ts',
      `import { call } from '../workflows/call/workflow';`,
      '1 api → workflows/call/workflow',
    ],
    [
      'activities in the API',
      'api/a.ts',
      `import type { A } from '../activities/a';`,
      '1 api → activities/a',
    ],
    [
      'the runtime in activities',
      'activities/a.ts',
      `import { log } from '../runtime/logger';`,
      '1 activities → runtime/logger',
    ],
    ['the API in a worker', 'workers/main.ts', `import { x } from '../api/main';`, '1 workers → api/main'],
    [
      'the domain in the simulator',
      'telephony/simulator/a.ts',
      `import type { I } from '../../domain/i';`,
      '1 telephony/simulator → domain/i',
    ],
    [
      'another dialect in the simulator',
      'telephony/simulator/a.ts',
      `import { x } from '../twilio/sign';`,
      '1 telephony/simulator → telephony/twilio/sign',
    ],
    [
      'tests in a product folder',
      'db/pool.ts',
      `import { x } from '../test/environment/database';`,
      '1 db → test/environment/database',
    ],
    [
      'anything in the visitor snippet',
      'dni/snippet.ts',
      `import type { x } from '../domain/x';`,
      '1 dni → domain/x',
    ],
    ['a folder without a rule', 'helpers/a.ts', '', '1 helpers → ? '],
  ])('refuse %s', (_what, file, source, arrow) => {
    expect(refused(file, source)).toEqual([arrow]);
  });

  test.each([
    ['an export', `export { x } from 'zod';`],
    ['an export of everything', `export * from 'zod';`],
    ['a dynamic import', `const z = await import('zod');`],
    ['a template without holes', 'const z = import(`zod`);'],
    ['require', `function f() { return require('zod'); }`],
    ['require.resolve', `const path = require.resolve('zod');`],
    ['an import by assignment', `import z = require('zod');`],
    ['an import type', `let x: import('zod').ZodType;`],
    ['a type-only export', `export type { ZodType } from 'zod';`],
  ])('see %s', (_what, source) => {
    expect(refused('domain/a.ts', source)).toEqual(['1 domain → zod']);
  });

  test('refuse an import whose path is computed', () => {
    expect(refused('domain/a.ts', 'const x = import(`./${name}`);')).toEqual(['1 domain → ? ']);
  });

  test('name the line, whatever stands above it', () => {
    const source = [
      '#!/usr/bin/env node',
      '// é 電話 comment',
      '/* two',
      'lines */ const a = 1;',
      '',
      `import 'zod';`,
    ].join('\n');
    expect(refused('domain/a.ts', source)).toEqual(['6 domain → zod']);
  });

  test('name every refused import of a file', () => {
    const source = `import { z } from 'zod';\nimport { a } from './a';\nimport fs from 'node:fs';\n`;
    expect(refused('domain/b.ts', source)).toEqual(['1 domain → zod', '3 domain → node:fs']);
  });

  test('say what to do about a value import where types are allowed', () => {
    const [violation] = checkFile('console/a.ts', `import { x } from '../contract/x';`);
    expect(violation?.message).toContain('types only: write "import type"');
    expect(violation?.message).toContain('console may import itself, types of contract, domain');
  });

  test('fail on a file that cannot be parsed, and name it', () => {
    expect(() => checkFile('domain/broken.ts', 'import {')).toThrow(/domain\/broken\.ts cannot be parsed/);
  });
});
