import Table from 'cli-table3';
import type { Command } from 'commander';
import type { ReportVerification } from '../../contract/resources/report';
import { refuse } from './answers';
import type { Client, ReportedTime } from './client';
import type { ExitCode, Surroundings } from './commands';
import { printable, wrapped } from './layout';
import type { Means } from './means';

/** Adds `reports verify` to the command line. */
export function addReportsVerify(command: Command, means: Means): void {
  command
    .command('reports')
    .description('whether reports are right')
    .command('verify')
    .description('counts calls and ledger anew; fails when a figure that was rolled up differs')
    .option('--from <instant>', 'the first hour (default: the first there is)')
    .option('--to <instant>', 'exclusive (default: the last there is)')
    .option(...means.urlOption)
    .action(({ url, ...asked }: ReportedTime & { readonly url?: string }) => {
      means.choose(async (around) => verifyReports(await means.connect(url), asked, around));
    });
}

/** Counts a month at a time, and says how far it is. */
export async function verifyReports(
  client: Pick<Client, 'reportedTime' | 'verifyReports'>,
  asked: ReportedTime,
  around: Surroundings,
): Promise<ExitCode> {
  const whole = await client.reportedTime(asked);
  if (!whole.ok) return refuse(whole.problem, around);
  if (whole.value.from === null || whole.value.to === null) {
    around.say('There is nothing to report on yet.');
    return 0;
  }
  const found = { hours: 0, unrolled: 0, calls: 0, entries: 0 };
  const differences: ReportVerification['differences'] = [];
  for (const [from, to] of monthsOf(whole.value.from, whole.value.to)) {
    const answer = await client.verifyReports({ from, to });
    if (!answer.ok) return refuse(answer.problem, around);
    for (const figure of ['hours', 'unrolled', 'calls', 'entries'] as const)
      found[figure] += answer.value[figure];
    differences.push(...answer.value.differences);
    around.say(
      `${from.slice(0, 7)}  ${counted(answer.value.calls, 'call')}, ${counted(answer.value.entries, 'entry', 'entries')}`,
    );
  }
  if (differences.length === 0) {
    for (const line of agreement(found)) around.say(wrapped(line));
    return 0;
  }
  around.complain(differenceTable(differences));
  around.complain(
    `${differences.length === 1 ? '1 figure differs' : `${differences.length} figures differ`}. Keep this output, and report it: no program of Callyard may leave it so.`,
  );
  return 1;
}

/** What was counted and compared, where nothing differs. */
export function agreement({
  hours,
  unrolled,
  calls,
  entries,
}: Pick<ReportVerification, 'hours' | 'unrolled' | 'calls' | 'entries'>): string[] {
  const anew = `${counted(calls, 'call')} and ${counted(entries, 'entry', 'entries')} of the ledger were counted.`;
  const compared =
    hours === 0
      ? 'No hour has been rolled up yet: there was nothing to compare them with.'
      : `The ${hours === 1 ? 'one hour' : `${hours} hours`} of campaigns that ${hours === 1 ? 'has' : 'have'} been rolled up ${hours === 1 ? 'agrees' : 'agree'} with them.`;
  if (unrolled === 0) return [`${anew} ${compared}`];
  const one = unrolled === 1;
  return [
    `${anew} ${compared}`,
    `${counted(unrolled, hours === 0 ? 'hour' : 'more hour')} of campaigns ${one ? 'is' : 'are'} not rolled up: reports read ${one ? 'it' : 'them'} from the calls and the ledger themselves.`,
  ];
}

function counted(number: number, what: string, several = `${what}s`): string {
  return `${number} ${number === 1 ? what : several}`;
}

/** The time as calendar months of UTC, the first and last of them in part. */
export function monthsOf(from: string, to: string): [from: string, to: string][] {
  const months: [string, string][] = [];
  for (let begin = from; Date.parse(begin) < Date.parse(to); ) {
    const day = new Date(begin);
    const next = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1)).toISOString();
    const end = Date.parse(next) < Date.parse(to) ? next : to;
    months.push([begin, end]);
    begin = end;
  }
  return months;
}

/** With the lines between them, 80. */
const COLUMNS = [18, 18, 10, 18, 10];

function differenceTable(differences: ReportVerification['differences']): string {
  const table = new Table({
    head: ['hour (UTC)', 'campaign', 'in', 'figure', 'should be'],
    colWidths: COLUMNS,
    wordWrap: true,
    wrapOnWordBoundary: false,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1 },
  });
  for (const { hour, campaignId, rolledUpIn, place, sum, rolledUp, counted } of differences) {
    table.push([
      hour.slice(0, 16).replace('T', ' '),
      campaignId ?? 'none',
      rolledUpIn,
      `${sum} ${rolledUp}`,
      counted,
    ]);
    if (place !== null) table.push([{ colSpan: COLUMNS.length, content: printable(place) }]);
  }
  return table.toString();
}
