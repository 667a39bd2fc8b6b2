import { readFileSync } from 'node:fs';
import path from 'node:path';
import { flowNodeSchema } from '../../contract/flow';
import { flowOperationSchema } from '../../contract/flow-operations';
import { exitsOf } from '../../domain/ivr/exits';
import { FLOW_PROBLEMS } from '../../domain/ivr/validate';
import { nodeIn, WHOLE } from './ivr-flows';

const DOCUMENT = readFileSync(path.join(__dirname, '..', '..', 'docs', 'ivr.md'), 'utf8');

/** The cells of the rows of the table below a heading. */
function tableUnder(heading: string): string[][] {
  const section = DOCUMENT.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const name = (cell = ''): string => cell.replaceAll('`', '');

describe('docs/ivr.md', () => {
  it('has each kind of node, with its exits', () => {
    const documented = Object.fromEntries(
      tableUnder('Nodes').map(([kind, , exits = '']) => [
        name(kind),
        new Set([...exits.matchAll(/`(\w+)/g)].map(([, exit]) => exit)),
      ]),
    );
    const known = flowNodeSchema.options.map(({ shape }) => shape.kind.value);
    expect(Object.keys(documented).toSorted()).toEqual(known.toSorted());
    for (const node of Object.values(WHOLE.nodes)) {
      const exits = exitsOf(node).map((exit) => exit.name.split('.')[0]);
      expect([node.kind, documented[node.kind]]).toEqual([node.kind, new Set(exits)]);
    }
  });

  it('has each code of the validator, with its severity', () => {
    const documented = tableUnder('What the validator says').map(([code, severity]) => [
      name(code),
      severity,
    ]);
    expect(Object.fromEntries(documented)).toEqual(FLOW_PROBLEMS);
  });

  it('has each operation, with its fields', () => {
    const documented = Object.fromEntries(
      tableUnder('Edits').map(([kind, what = '']) => [
        name(kind),
        [...(what.split(': ')[0] ?? '').matchAll(/`(\w+)`/g)].map(([, field]) => field),
      ]),
    );
    const known = flowOperationSchema.options.map(({ shape }) => {
      const { kind, ...fields } = shape;
      return [kind.value, Object.keys(fields)];
    });
    expect(documented).toEqual(Object.fromEntries(known));
  });

  it('draws the example as it is', () => {
    const drawing = DOCUMENT.split('```mermaid')[1]?.split('```')[0] ?? '';
    const edges = drawing
      .split('\n')
      .map((line) => /^ *(\w+).*? --(?:.* --)?> (\w+)/.exec(line))
      .flatMap((match) => (match === null ? [] : [`${match[1]} ${match[2]}`]));
    const known = Object.keys(WHOLE.nodes).flatMap((id) =>
      exitsOf(nodeIn(WHOLE, id)).map(({ to }) => `${id} ${to}`),
    );
    expect(edges.toSorted()).toEqual(known.toSorted());
  });
});
