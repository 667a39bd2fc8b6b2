import { InvalidArgumentError, type Command } from 'commander';
import { MIGRATION_ACTIONS, type MigrationAction } from '../../contract/resources/migration';
import { numberBetween } from '../simulate/input';
import type { Means } from './means';
import {
  createMigration,
  listMigrations,
  operateMigration,
  showMigration,
  watchMigration,
  type MigrationAsked,
} from './migrations';
import { wholeScreen } from './screen';

const DESCRIPTIONS: Readonly<Record<MigrationAction, string>> = {
  start: 'sends the first share of the callers to the challenger',
  pause: 'keeps the share as it is; guardrails are watched all the same',
  resume: 'goes on after a pause or a hold',
  advance: 'goes to the next step now; from the last one on, completes',
  share: 'sets the share in percent',
  approve: 'lets the next step begin',
  'roll-back': 'gives all calls to control: the challenger was found wanting',
  abort: 'gives all calls to control: the migration is not wanted any more',
};

/** Adds `migrate …` to the command line. */
export function addMigrate(command: Command, means: Means): void {
  const migrate = command
    .command('migrate')
    .description('moves callers bit by bit to another buyer, plan or campaign');
  addCreate(migrate, means);
  migrate
    .command('list')
    .description('migrations, newest first')
    .option('--campaign <id>', 'those that move calls of this campaign, or to it')
    .option('--status <status>', 'for example running')
    .option(...means.urlOption)
    .action((options: { campaign?: string; status?: string; url?: string }) => {
      means.choose(async (around) => listMigrations(await means.connect(options.url), options, around));
    });
  migrate
    .command('status')
    .description('the share, both sides, and what comes next')
    .argument('<migration>', 'its id, for example mig_dallas')
    .option('-w, --watch', 'draw it anew each second, until it is over; Ctrl-C leaves', false)
    .option(...means.urlOption)
    .action((id: string, options: { watch: boolean; url?: string }) => {
      means.choose(async (around) => {
        const client = await means.connect(options.url);
        return options.watch
          ? watchMigration(client, id, wholeScreen(), around)
          : showMigration(client, id, around);
      });
    });
  for (const action of MIGRATION_ACTIONS) addOperation(migrate, action, means);
}

function addCreate(migrate: Command, { choose, connect, urlOption }: Means): void {
  migrate
    .command('create')
    .description('plans a migration; no caller is moved before it is started')
    .argument('[name]', 'for people, for example "Dallas to Austin"')
    .option('-f, --file <file>', 'all of it in YAML or JSON, as POST /api/v1/migrations takes it')
    .option('--campaign <id>', 'whose callers are moved')
    .option('--from <assignment>', 'between buyers: the one who has the calls')
    .option('--to <assignment>', 'between buyers: the one who is to have them')
    .option(
      '--to-version <number>',
      'to this version of the routing plan',
      numberBetween(1, 2 ** 31 - 1, 'version'),
    )
    .option('--to-campaign <id>', 'to another campaign')
    .option('--steps <percentages>', 'for example 1,5,25,50,100', percentages)
    .option('--minimum-seconds <seconds>', 'each step lasts at least', numberBetween(0, 31_622_400, 's'))
    .option(
      '--minimum-calls <calls>',
      "calls of the challenger's a step needs",
      numberBetween(0, 1e7, 'calls'),
    )
    .option('--hold', 'keep the share and ask when a guardrail is breached, instead of going back', false)
    .option('--notify-url <url>', 'told when a person is wanted, and of the end')
    .option(...urlOption)
    .action((name: string | undefined, options: MigrationAsked & { readonly url?: string }) => {
      choose(async (around) => createMigration(await connect(options.url), name, options, around));
    });
}

function addOperation(
  migrate: Command,
  action: MigrationAction,
  { choose, connect, urlOption }: Means,
): void {
  const operation = migrate
    .command(action)
    .description(DESCRIPTIONS[action])
    .argument('<migration>', 'its id, for example mig_dallas');
  if (action === 'share')
    operation.argument('<percent>', 'from 0 to 100, with two decimals', numberBetween(0, 100, '%'));
  operation
    .option('--reason <text>', 'for the history and the audit trail')
    .option(...urlOption)
    .action((id: string, ...rest: readonly unknown[]) => {
      const { reason, url } = operation.opts<{ reason?: string; url?: string }>();
      const [percent] = rest;
      const body = {
        ...(reason === undefined ? {} : { reason }),
        ...(typeof percent === 'number' ? { sharePercent: percent } : {}),
      };
      choose(async (around) => operateMigration(await connect(url), id, action, body, around));
    });
}

/** A commander argument parser for shares with commas between. */
function percentages(text: string): readonly number[] {
  const shares = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (shares.every((share) => share > 0 && share <= 100)) return shares;
  throw new InvalidArgumentError('It must be percentages with commas between, for example 1,5,25,50,100.');
}
