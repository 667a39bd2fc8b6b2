import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const ROOT = path.join(__dirname, '..', '..');

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** Every document of the project, from its root. */
const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name)),
];

/** Text outside fenced blocks: what is inside them is no Markdown. */
function prose(file: string): string {
  return read(file).replace(/^ *```[^]*?^ *```/gm, '');
}

/** The anchor GitHub makes of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function anchors(file: string): string[] {
  return [...prose(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

/** The rows of the table below a heading, as their cells. */
function tableUnder(heading: string, file: string): string[][] {
  const section =
    read(file)
      .split(new RegExp(`^## ${heading}$`, 'm'))[1]
      ?.split(/^## /m)[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What stands between backticks. */
function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, inner = '']) => inner);
}

const manifest = z.object({ scripts: z.record(z.string(), z.string()) });

function linksIn(file: string): string[] {
  return [...prose(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** Whether a link is to another site, or to a file of ours and, if it names one, a heading in it. */
function leadsSomewhere(from: string, link: string): boolean {
  if (/^https?:/.test(link)) return true;
  const [relative = '', anchor] = link.split('#');
  const target = relative === '' ? from : path.join(path.dirname(from), relative);
  if (!existsSync(path.join(ROOT, target))) return false;
  return anchor === undefined || anchors(target).includes(anchor);
}

describe('the documents', () => {
  it('have only links that lead somewhere', () => {
    const dead = DOCUMENTS.flatMap((file) => linksIn(file).filter((link) => !leadsSomewhere(file, link)));
    expect(dead).toEqual([]);
  });

  it('name only commands that exist', () => {
    const { scripts } = manifest.parse(JSON.parse(read('package.json')));
    const named = DOCUMENTS.flatMap((file) =>
      [...read(file).matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(start|test)\b)/g)].map(
        ([, script, short]) => script ?? short ?? '',
      ),
    );
    expect(named).toEqual(expect.arrayContaining(['start', 'test', 'call', 'traffic', 'check', 'bench']));
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('run only files that exist', () => {
    const run = DOCUMENTS.flatMap((file) =>
      [...read(file).matchAll(/\b(?:scripts\/run\.mjs|--import tsx) ([\w/.-]+\.ts)/g)].map(
        ([, name = '']) => name,
      ),
    );
    expect(run).not.toHaveLength(0);
    expect(run.filter((name) => !existsSync(path.join(ROOT, name)))).toEqual([]);
  });

  it('list every variable the configuration knows, and no other', () => {
    const known = [...read('runtime/config.ts').matchAll(/^ {2}([A-Z][A-Z_]+): optional\(/gm)].map(
      ([, name = '']) => name,
    );
    expect(known).not.toHaveLength(0);
    const listed = tableUnder('Configuration', 'README.md').flatMap(([name = '']) => quoted(name));
    expect(listed.toSorted()).toEqual(known.toSorted());
  });

  it('name only files and folders that exist where they say what is where', () => {
    const layout = [
      ...tableUnder('Where to look for what', 'README.md'),
      ...tableUnder('Where an addition goes', 'CONTRIBUTING.md'),
      ...tableUnder('Before you propose a change', 'CONTRIBUTING.md'),
    ];
    const paths = layout
      .flatMap((cells) => quoted(cells.join(' ')))
      .filter((name) => /^[\w.-]+\//.test(name));
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((name) => !existsSync(path.join(ROOT, name)))).toEqual([]);
  });

  it('explain every folder of the code', () => {
    const listed = tableUnder('Where to look for what', 'README.md').flatMap(([name = '']) => quoted(name));
    const made = new Set(['node_modules', 'dist', 'coverage']);
    const folders = readdirSync(ROOT, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !made.has(entry.name))
      .map(({ name }) => `${name}/`);
    expect(folders.filter((folder) => !listed.includes(folder))).toEqual([]);
  });

  it('list every decision', () => {
    const decisions = readdirSync(path.join(ROOT, 'docs', 'decisions'));
    const index = read('docs/index.md');
    expect(decisions.filter((name) => !index.includes(`decisions/${name}`))).toEqual([]);
  });
});
