// `npm run callyard -- export|apply|validate|limits|live|migrate|backtest|report|goals|webhooks`: a campaign as a file,
// what its limits have left, what happens now, gradual shifts of its callers, versions of its plan run over past calls,
// what calls came to, and who is told of what happens.

import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { InputError, runCommand } from '../simulate/input';
import { addAdSpend } from './ad-spend';
import { addBacktest } from './backtest';
import { connect } from './client';
import { wrapped } from './layout';
import { addLive } from './live';
import type { Means } from './means';
import { addMigrate } from './migrate';
import { addGoals } from './goals';
import { addReport } from './report';
import { addReportsVerify } from './reports-verify';
import { addWebhooks } from './webhooks';
import { listLimits, showFreed, showHeld, verifyLimits } from './limits';
import { applyFile, exportCampaign, validateFile, type ExitCode, type Surroundings } from './commands';

const URL_OPTION = [
  '--url <url>',
  'where Callyard is (default: the one started here, else http://localhost:$PORT, 3000 where it is not set)',
] as const;

// Before there are subcommands, which take it over: their mistakes are ours to give an exit code.
const command = new Command('npm run callyard --')
  .description(
    'Keeps campaigns as files, shows what calls came to, what limits have left and who was told of what, moves callers bit by bit, and runs plans over past calls.',
  )
  .configureHelp({ minWidthToWrap: 30 })
  .configureOutput({ outputError: (text, write) => write(wrapped(text)) })
  .exitOverride();

/** What the command line asks for; set by the subcommand that was named. */
let chosen: (() => Promise<ExitCode>) | null = null;

command
  .command('export')
  .description("writes a campaign's document as YAML")
  .argument('<campaign>', 'its id, for example cmp_sample')
  .option('-o, --output <file>', 'where to (default: standard output)')
  .option(...URL_OPTION)
  .action((campaign: string, options: { output?: string; url?: string }) => {
    chosen = async () =>
      exportCampaign(await connect(options.url, process.env), campaign, options.output, surroundings());
  });

command
  .command('apply')
  .description('shows what a document changes, then changes it, all or nothing')
  .requiredOption('-f, --file <file>', 'YAML or JSON; - for standard input')
  .option('--dry-run', 'only show', false)
  .option('-y, --yes', 'do not ask (nobody is asked where no terminal is)', false)
  .option(...URL_OPTION)
  .action((options: { file: string; dryRun: boolean; yes: boolean; url?: string }) => {
    chosen = async () =>
      applyFile(await connect(options.url, process.env), options.file, options, surroundings());
  });

command
  .command('validate')
  .description('checks a document without asking a server')
  .requiredOption('-f, --file <file>', 'YAML or JSON; - for standard input')
  .action((options: { file: string }) => {
    chosen = () => validateFile(options.file, surroundings());
  });

const limits = command
  .command('limits')
  .description('what limits have left, and whether their counters are right');

limits
  .command('list')
  .description('limits with what is used of each now')
  .option('--campaign <id>', 'those that can stop a call of this campaign')
  .option('--scope <scope>', 'those on one thing, for example buyer:buy_alpha')
  .option('--full', 'those without room for one more', false)
  .option(...URL_OPTION)
  .action((options: { campaign?: string; scope?: string; full: boolean; url?: string }) => {
    chosen = async () => listLimits(await connect(options.url, process.env), options, surroundings());
  });

limits
  .command('verify')
  .description('recomputes every counter from the reservations; fails when one differs')
  .option(...URL_OPTION)
  .action((options: { url?: string }) => {
    chosen = async () => verifyLimits(await connect(options.url, process.env), surroundings());
  });

limits
  .command('held')
  .description('what holds the pending count of a limit')
  .argument('<limit>', 'its id, for example lim_buy_alpha_concurrency')
  .option(...URL_OPTION)
  .action((limit: string, options: { url?: string }) => {
    chosen = async () => showHeld(await connect(options.url, process.env), limit, surroundings());
  });

limits
  .command('freed')
  .description('what maintenance gave back because nobody was left to do it')
  .option(...URL_OPTION)
  .action((options: { url?: string }) => {
    chosen = async () => showFreed(await connect(options.url, process.env), surroundings());
  });

const means: Means = {
  choose: (action) => {
    chosen = async () => action(surroundings());
  },
  connect: (url) => connect(url, process.env),
  urlOption: URL_OPTION,
};
addAdSpend(command, means);
addLive(command, means);
addMigrate(command, means);
addBacktest(command, means);
addReport(command, means);
addReportsVerify(command, means);
addGoals(command, means);
addWebhooks(command, means);

function surroundings(): Surroundings {
  const atTerminal = process.stdin.isTTY && process.stdout.isTTY;
  return {
    read: readText,
    write: writeText,
    say: (line) => console.log(line),
    complain: (line) => console.error(line),
    colours: process.stdout.isTTY && !process.env['NO_COLOR'],
    ask: atTerminal ? askYes : null,
  };
}

async function readText(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw unusable(file, 'read', error);
  }
}

async function writeText(file: string, content: string): Promise<void> {
  try {
    await writeFile(file, content);
  } catch (error) {
    throw unusable(file, 'written', error);
  }
}

function unusable(file: string, what: string, error: unknown): InputError {
  const reason = (error as NodeJS.ErrnoException).code ?? String(error);
  return new InputError(`${file} cannot be ${what} (${reason}): check the path.`, { cause: error });
}

async function askYes(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

void runCommand(command, async () => {
  if (chosen === null)
    throw new InputError(
      'Say what to do: export, apply, validate, limits, live, migrate, backtest, report, reports, goals, ad-spend or webhooks.',
    );
  try {
    return await chosen();
  } catch (error) {
    if (error instanceof InputError) throw new InputError(wrapped(error.message), { cause: error });
    throw error;
  }
});
