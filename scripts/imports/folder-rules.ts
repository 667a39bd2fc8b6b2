/** `value`: anything. `type`: only what disappears when types are erased. */
export type Allowed = 'value' | 'type';

export interface FolderRule {
  /** Folder or file (without extension), from the root of the project. The longest match decides. */
  readonly path: string;
  /** Our own folders it may import from; it may always import from itself. `*` stands for any folders. */
  readonly ours: Readonly<Record<string, Allowed>> | 'anything';
  /** npm packages it may import. */
  readonly packages: Readonly<Record<string, Allowed>> | 'any';
  /** Whether Node's own modules may be imported. */
  readonly node: boolean;
}

/**
 * The arrows between folders. Each line has its reason in what the folder is for: `domain` gives the same answer in a
 * workflow, the API and a browser, so it depends on nothing; workflows are replayed, so they take only pure rules and
 * types; the simulator stands for a stranger's carrier, so it knows nothing of ours.
 */
export const FOLDERS: readonly FolderRule[] = [
  // luxon: calendar arithmetic in time zones, as pure as the rest (docs/decisions/0002). heap-js: a queue in order.
  { path: 'domain', ours: {}, packages: { luxon: 'value', 'heap-js': 'value' }, node: false },
  // Values of domain: lists such as the outcomes stand once, there, and schemas are made of them.
  // libphonenumber-js: a number in any notation is input like any other, and reads the same everywhere.
  {
    path: 'contract',
    ours: { domain: 'value' },
    packages: { zod: 'value', 'libphonenumber-js': 'value' },
    node: false,
  },
  {
    path: 'workflows',
    ours: { domain: 'value', contract: 'type', activities: 'type' },
    // common: definitions of search attribute keys, shared with code outside workflows.
    packages: { '@temporalio/workflow': 'value', '@temporalio/common': 'value' },
    node: false,
  },
  {
    path: 'activities',
    ours: { domain: 'value', contract: 'value', db: 'value', telephony: 'value' },
    packages: { '@temporalio/activity': 'value', '@temporalio/common': 'value', pg: 'type', zod: 'value' },
    node: true,
  },
  {
    path: 'db',
    ours: { domain: 'value', contract: 'type' },
    packages: { pg: 'value', 'node-pg-migrate': 'value' },
    node: true,
  },
  { path: 'telephony', ours: { domain: 'value', contract: 'type' }, packages: 'any', node: true },
  { path: 'telephony/simulator', ours: {}, packages: 'any', node: true },
  {
    path: 'runtime',
    ours: { contract: 'value', domain: 'type' },
    packages: { zod: 'value', pino: 'value', '@temporalio/client': 'value', '@temporalio/common': 'value' },
    node: true,
  },
  {
    path: 'api',
    ours: {
      contract: 'value',
      domain: 'value',
      db: 'value',
      telephony: 'value',
      runtime: 'value',
      'workflows/*/messages': 'value',
      'workflows/ids': 'value',
      'workflows/search-attributes': 'value',
    },
    packages: 'any',
    node: true,
  },
  {
    path: 'workers',
    ours: {
      domain: 'value',
      contract: 'value',
      workflows: 'value',
      activities: 'value',
      db: 'value',
      telephony: 'value',
      runtime: 'value',
    },
    packages: 'any',
    node: true,
  },
  { path: 'console', ours: { contract: 'type', domain: 'value' }, packages: 'any', node: true },
  { path: 'dni', ours: {}, packages: {}, node: false },
  { path: 'test', ours: 'anything', packages: 'any', node: true },
  { path: 'bench', ours: 'anything', packages: 'any', node: true },
  { path: 'scripts', ours: 'anything', packages: 'any', node: true },
  { path: 'docs', ours: 'anything', packages: 'any', node: true },
  { path: 'deploy', ours: 'anything', packages: 'any', node: true },
];
