// Lints the OpenAPI document on stdin with Redocly's recommended rules; writes the problems to stdout as JSON.
// A program of its own: the linter is an ES module, and jest loads CommonJS.

import { text } from 'node:stream/consumers';
import { createConfig, lintFromString } from '@redocly/openapi-core';

const config = await createConfig({ extends: ['recommended'] });
const problems = await lintFromString({
  source: await text(process.stdin),
  config,
  absoluteRef: 'openapi.json',
});
const lines = problems.map(({ ruleId, message, location }) => ({
  ruleId,
  message,
  pointer: location[0]?.pointer,
}));
process.stdout.write(JSON.stringify(lines));
