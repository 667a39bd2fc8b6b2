import type { BacktestStatus } from '../../contract/resources/backtest';
import { unreachable } from '../../domain/exhaustive';
import { backtestWorkflowId } from '../../workflows/ids';
import { InputError } from '../simulate/input';
import { refuse, show } from './answers';
import {
  renderBacktest,
  renderDifferences,
  renderList,
  renderProgress,
  whyNoDifferences,
} from './backtest-view';
import type { Client } from './client';
import type { ExitCode, Surroundings } from './commands';
import { follow } from './follow';
import { wrapped } from './layout';
import type { Screen } from './screen';

/** What the command line says of a new backtest; everything that is left out is the server's to fill in. */
export interface BacktestAsked {
  readonly version: number;
  /** ISO 8601. */
  readonly from?: string;
  /** ISO 8601. */
  readonly to?: string;
  /** Before the end; not beside `from`. */
  readonly days?: number;
  readonly runs?: number;
  readonly seed?: string;
}

const DAY_MS = 86_400_000;

/**
 * Makes a backtest, and shows how far it is until it is over, then what it came to. Whoever leaves before leaves it
 * running.
 * @param screen `null`: nobody waits, and only the id is printed
 * @returns 0 only when it is completed, or nobody waits for that
 * @throws InputError when the period is not clear
 */
export async function runBacktest(
  client: Pick<Client, 'createBacktest' | 'backtest' | 'workflowUrl'>,
  campaign: string,
  asked: BacktestAsked,
  screen: Screen | null,
  around: Surroundings,
): Promise<ExitCode> {
  const made = await client.createBacktest(campaign, bodyOf(asked, Date.now()));
  if (!made.ok) return refuse(made.problem, around);
  const { id } = made.value;
  if (screen === null) {
    around.say(id);
    return 0;
  }
  const followed = await follow(() => client.backtest(id), screen, {
    render: renderProgress,
    isOver: ({ endedAt }) => endedAt !== null,
  });
  screen.draw('');
  switch (followed.kind) {
    case 'over':
      around.say(renderBacktest(followed.value, workflowOf(client, id)));
      return codeOf(followed.value.status);
    case 'left':
      around.complain(
        `Backtest ${id} goes on. Look at it again: npm run callyard -- backtest show ${id}\nEnd it: npm run callyard -- backtest cancel ${id}`,
      );
      return 1;
    case 'refused':
      return refuse(followed.problem, around);
    default:
      return unreachable(followed);
  }
}

/** @param now milliseconds since the epoch, for a period that ends now */
function bodyOf({ days, from, to, ...rest }: BacktestAsked, now: number): object {
  if (days !== undefined && from !== undefined)
    throw new InputError('Say when the period begins in one way: --from or --days.');
  const begin =
    days === undefined
      ? from
      : new Date((to === undefined ? now : Date.parse(to)) - days * DAY_MS).toISOString();
  return {
    ...rest,
    ...(begin === undefined ? {} : { from: begin }),
    // Left out, it is the server's now: a clock that is ahead of it would name the future.
    ...(to === undefined ? {} : { to }),
  };
}

function codeOf(status: BacktestStatus): ExitCode {
  return status === 'completed' ? 0 : 1;
}

/** Prints a backtest as it is now. */
export async function showBacktest(
  client: Pick<Client, 'backtest' | 'workflowUrl'>,
  id: string,
  around: Surroundings,
): Promise<ExitCode> {
  return show(await client.backtest(id), around, (backtest) =>
    renderBacktest(backtest, workflowOf(client, id)),
  );
}

/** `null`: it is not known where the Temporal UI is. */
function workflowOf({ workflowUrl }: Pick<Client, 'workflowUrl'>, id: string): string | null {
  return workflowUrl?.(backtestWorkflowId(id)) ?? null;
}

/** Prints what there is of each backtest in a list. */
export async function listBacktests(
  client: Pick<Client, 'backtests'>,
  { campaign }: { readonly campaign?: string },
  around: Surroundings,
): Promise<ExitCode> {
  const filter: Record<string, string> = campaign === undefined ? {} : { campaignId: campaign };
  return show(await client.backtests(filter), around, (backtests) => renderList(backtests, campaign ?? null));
}

/** Prints the first `limit` calls that would have gone elsewhere, and whether there are more. @returns 1 without a result */
export async function listDifferences(
  client: Pick<Client, 'backtest' | 'backtestDifferences'>,
  id: string,
  limit: number,
  around: Surroundings,
): Promise<ExitCode> {
  const found = await client.backtest(id);
  if (!found.ok) return refuse(found.problem, around);
  const none = whyNoDifferences(found.value);
  if (none !== null) {
    around.complain(wrapped(none));
    return 1;
  }
  return show(await client.backtestDifferences(id, limit + 1), around, (calls) => {
    const more = calls.length > limit ? `\n\nThese are the first ${limit}; more with --limit.` : '';
    return `${renderDifferences(found.value, calls.slice(0, limit))}${more}`;
  });
}

/** Has a backtest end without a result. */
export async function cancelBacktest(
  client: Pick<Client, 'cancelBacktest'>,
  id: string,
  around: Surroundings,
): Promise<ExitCode> {
  return show(await client.cancelBacktest(id), around, ({ status, endedAt }) =>
    endedAt === null
      ? `Backtest ${id} was asked to end, and does so in a moment.`
      : `Backtest ${id} is ${status}.`,
  );
}
