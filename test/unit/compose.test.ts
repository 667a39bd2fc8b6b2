import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../runtime/config';

const ROOT = path.join(__dirname, '..', '..');
const TEXT = readFileSync(path.join(ROOT, 'docker-compose.yml'), 'utf8');
const EXAMPLE = readFileSync(path.join(ROOT, '.env.example'), 'utf8');

const service = z.looseObject({
  image: z.string(),
  build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
  command: z.array(z.string()).optional(),
  restart: z.string().optional(),
  profiles: z.array(z.string()).optional(),
  depends_on: z
    .record(
      z.string(),
      z.object({
        condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']),
      }),
    )
    .default({}),
  environment: z.record(z.string(), z.string()).default({}),
  healthcheck: z.looseObject({ test: z.array(z.string()).min(2) }).optional(),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
});

const { services, volumes } = z
  .object({
    name: z.string(),
    services: z.record(z.string(), service),
    volumes: z.record(z.string(), z.null()),
  })
  .parse(parse(TEXT, { merge: true }));
const all = Object.entries(services);
const ours = all.filter(([, { build }]) => build !== undefined);

/** Variables as the example sets them, with a comment sign before those that Compose sets itself. */
const example = [...EXAMPLE.matchAll(/^(# )?([A-Z][A-Z_]+)=(.*)$/gm)].map(
  ([, comment, name = '', value = '']) => ({
    name,
    value,
    active: comment === undefined,
  }),
);

describe('the compose file', () => {
  it('has every part of the platform, and its servers', () => {
    expect(Object.keys(services).toSorted()).toEqual(
      [
        'api',
        'migrate',
        'postgresql',
        'sample',
        'search-attributes',
        'temporal',
        'temporal-ui',
        'worker',
      ].toSorted(),
    );
  });

  it('asks only for variables that the example explains', () => {
    const asked = [...new Set([...TEXT.matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name))];
    const explained = example.filter(({ active }) => active).map(({ name }) => name);
    expect(asked.toSorted()).toEqual(explained.toSorted());
  });

  it('gives our programs only variables they know', () => {
    const known = [
      ...readFileSync(path.join(ROOT, 'runtime', 'config.ts'), 'utf8').matchAll(
        /^ {2}([A-Z_]+): optional\(/gm,
      ),
    ];
    const names = known.map(([, name]) => name);
    const given = ours.flatMap(([, { environment }]) => Object.keys(environment));
    expect(given.filter((name) => !names.includes(name))).toEqual([]);
    expect(names.filter((name) => !example.some((variable) => variable.name === name))).toEqual([]);
  });

  it('has the same defaults as the programs, in the example and where a variable is not set', () => {
    const fromExample = Object.fromEntries(
      example.filter(({ active }) => active).map(({ name, value }) => [name, value]),
    );
    const fallbacks = Object.fromEntries(
      [...TEXT.matchAll(/\$\{([A-Z_]+):-([^}]*)\}/g)].map(([, name = '', value]) => [name, value]),
    );
    expect(loadConfig(fromExample)).toEqual(loadConfig({}));
    expect(loadConfig(fallbacks)).toEqual(loadConfig({}));
  });

  it('runs only files that exist, with the folders they need in the image', () => {
    const ignored = readFileSync(path.join(ROOT, '.dockerignore'), 'utf8').split('\n');
    const programs = ours.map(([, { command = [] }]) => command);
    for (const command of programs) {
      expect(command.slice(0, 3)).toEqual(['node', '--import', 'tsx']);
      const file = command[3] ?? '';
      expect(existsSync(path.join(ROOT, file))).toBe(true);
      expect(ignored).not.toContain(file.split('/')[0]);
    }
    const image = readFileSync(path.join(ROOT, services['api']?.build?.dockerfile ?? ''), 'utf8');
    for (const [, file = ''] of image.matchAll(/tsx"?,? "?([\w/]+\.ts)/g))
      expect(existsSync(path.join(ROOT, file))).toBe(true);
    expect(image).toMatch(/^USER node$/m);
  });

  it('waits only for services that are there, and for health only where it is looked at', () => {
    for (const [, { depends_on }] of all) {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        const target = services[name];
        expect(target).toBeDefined();
        if (condition === 'service_healthy') expect(target?.healthcheck).toBeDefined();
        // A service that is restarted whenever it ends would never be complete.
        if (condition === 'service_completed_successfully')
          expect(target?.restart ?? 'no').toMatch(/^(no|on-failure)$/);
      }
    }
  });

  it('keeps servers without a login on this machine, and uses no port twice', () => {
    const ports = all.flatMap(([name, { ports }]) => ports.map((port) => ({ name, port })));
    for (const { name, port } of ports) if (name !== 'api') expect(port).toMatch(/^127\.0\.0\.1:/);
    const published = ports.map(({ port }) =>
      port
        .replace(/\$\{\w+:-(\d+)\}/, '$1')
        .split(':')
        .at(-2),
    );
    expect(new Set(published).size).toBe(published.length);
  });

  it('keeps what must last in volumes it declares', () => {
    const used = all.flatMap(([, { volumes }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    expect(used.toSorted()).toEqual(Object.keys(volumes).toSorted());
  });
});
