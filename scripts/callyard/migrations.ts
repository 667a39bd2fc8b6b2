import type { MigrationAction } from '../../contract/resources/migration';
import { DEFAULT_PLAN } from '../../domain/migration/plan';
import { InputError } from '../simulate/input';
import { refuse, show } from './answers';
import type { Client } from './client';
import type { ExitCode, Surroundings } from './commands';
import { follow } from './follow';
import { wrapped } from './layout';
import { renderList, renderMigration } from './migration-view';
import type { Screen } from './screen';
import { readSource, renderFaults } from './source';

/** What the command line says of a new migration; everything that is left out is the server's to fill in. */
export interface MigrationAsked {
  readonly file?: string;
  readonly campaign?: string;
  readonly from?: string;
  readonly to?: string;
  readonly toVersion?: number;
  readonly toCampaign?: string;
  readonly steps?: readonly number[];
  readonly minimumSeconds?: number;
  readonly minimumCalls?: number;
  readonly hold: boolean;
  readonly notifyUrl?: string;
}

/** Makes a migration from options, or from a file with all of it. */
export async function createMigration(
  client: Pick<Client, 'createMigration'>,
  name: string | undefined,
  asked: MigrationAsked,
  around: Surroundings,
): Promise<ExitCode> {
  const read = asked.file === undefined ? null : readSource(await around.read(asked.file));
  if (read?.ok === false) {
    around.complain(renderFaults(asked.file ?? '', read.faults));
    return 2;
  }
  const source = read?.source ?? null;
  const answer = await client.createMigration(source === null ? bodyOf(name, asked) : source.value);
  if (!answer.ok) return refuse(answer.problem, around, source, asked.file);
  const { id, warnings } = answer.value;
  for (const { pointer, message } of warnings)
    around.complain(wrapped(`Warning: ${pointer.slice(1)}: ${message}`));
  around.say(`${id} is made, and no caller is moved yet.\nStart it: npm run callyard -- migrate start ${id}`);
  return 0;
}

/** @throws InputError when it does not say between what */
function bodyOf(name: string | undefined, asked: MigrationAsked): object {
  if (name === undefined) throw new InputError('Give the migration a name, or a file with -f.');
  const { steps, minimumSeconds, minimumCalls } = asked;
  const planned = steps === undefined && minimumSeconds === undefined && minimumCalls === undefined;
  return {
    name,
    kind: kindOf(asked),
    ...(planned ? {} : { steps: stepsOf(asked) }),
    ...(asked.hold ? { onBreach: 'hold' } : {}),
    ...(asked.notifyUrl === undefined ? {} : { notifyUrl: asked.notifyUrl }),
  };
}

function kindOf({ campaign, from, to, toVersion, toCampaign }: MigrationAsked): object {
  if (campaign === undefined) throw new InputError('Say whose callers are moved: --campaign cmp_…');
  const ways = [to, toVersion, toCampaign].filter((way) => way !== undefined);
  if (ways.length !== 1 || (from === undefined) !== (to === undefined)) {
    throw new InputError(
      'Say what the callers are moved to, in one way: --from and --to (assignments), --to-version or --to-campaign.',
    );
  }
  if (toVersion !== undefined) return { kind: 'plan', campaignId: campaign, challengerVersion: toVersion };
  return toCampaign !== undefined
    ? { kind: 'campaign', controlCampaignId: campaign, challengerCampaignId: toCampaign }
    : { kind: 'buyer', campaignId: campaign, controlAssignmentId: from, challengerAssignmentId: to };
}

function stepsOf({ steps, minimumSeconds, minimumCalls }: MigrationAsked): object[] {
  const [first] = DEFAULT_PLAN.steps;
  const shares = steps ?? DEFAULT_PLAN.steps.map(({ shareBasisPoints }) => shareBasisPoints / 100);
  return shares.map((sharePercent) => ({
    sharePercent,
    minimumSeconds: minimumSeconds ?? first?.minimumSeconds,
    minimumCalls: minimumCalls ?? first?.minimumCalls,
  }));
}

/** Prints one line for each migration. */
export async function listMigrations(
  client: Pick<Client, 'migrations'>,
  { campaign, status }: { readonly campaign?: string; readonly status?: string },
  around: Surroundings,
): Promise<ExitCode> {
  const answer = await client.migrations({
    ...(campaign === undefined ? {} : { campaignId: campaign }),
    ...(status === undefined ? {} : { status }),
  });
  return show(answer, around, renderList);
}

/** Does what is asked for, and prints what has come of it. */
export async function operateMigration(
  client: Pick<Client, 'operate'>,
  id: string,
  action: MigrationAction,
  body: { readonly reason?: string; readonly sharePercent?: number },
  around: Surroundings,
): Promise<ExitCode> {
  return show(await client.operate(id, action, body), around, (migration) =>
    renderMigration(migration, Date.now()),
  );
}

/** Prints a migration as it is now. */
export async function showMigration(
  client: Pick<Client, 'migration'>,
  id: string,
  around: Surroundings,
): Promise<ExitCode> {
  return show(await client.migration(id), around, (migration) => renderMigration(migration, Date.now()));
}

/** Shows a migration as it goes on, until it is over or nobody wants to see more. */
export async function watchMigration(
  client: Pick<Client, 'migration'>,
  id: string,
  screen: Screen,
  around: Surroundings,
): Promise<ExitCode> {
  const followed = await follow(() => client.migration(id), screen, {
    render: (migration) => renderMigration(migration, Date.now()),
    isOver: ({ endedAt }) => endedAt !== null,
  });
  return followed.kind === 'refused' ? refuse(followed.problem, around) : 0;
}
