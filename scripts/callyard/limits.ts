import Table from 'cli-table3';
import type { FreedReservation, HeldReservation, Limit, Verification } from '../../contract/resources/limit';
import { formatMicros, microsFromText, type Micros } from '../../domain/money';
import type { Answer, Client, Problem } from './client';
import type { ExitCode, Surroundings } from './commands';
import { InputError } from '../simulate/input';

/** What a list of limits is narrowed to. */
export interface LimitsAsked {
  readonly campaign?: string;
  readonly scope?: string;
  readonly full?: boolean;
}

/** Prints limits with what is used of them. */
export async function listLimits(
  client: Client,
  asked: LimitsAsked,
  surroundings: Surroundings,
): Promise<ExitCode> {
  const colon = asked.scope?.indexOf(':') ?? 0;
  if (asked.scope !== undefined && colon < 1)
    throw new InputError(
      `--scope wants what and which, for example buyer:buy_alpha; "${asked.scope}" is neither.`,
    );
  const limits = await client.limits({
    ...(asked.campaign === undefined ? {} : { campaignId: asked.campaign }),
    ...(asked.full === true ? { full: 'true' } : {}),
    ...(asked.scope === undefined
      ? {}
      : { scopeKind: asked.scope.slice(0, colon), scopeId: asked.scope.slice(colon + 1) }),
  });
  return show(limits, surroundings, (all) => {
    if (all.length === 0) return asked.full === true ? 'No limit is full.' : 'There is no limit here.';
    const table = new Table({
      head: ['limit', 'counts, and resets (UTC)', 'used', 'of'],
      colWidths: COLUMNS,
      wordWrap: true,
      wrapOnWordBoundary: false,
      style: { head: [], border: [] },
    });
    for (const limit of all) table.push(rowOf(limit));
    return table.toString();
  });
}

/** Recomputes every counter; fails when one differs. */
export async function verifyLimits(client: Client, surroundings: Surroundings): Promise<ExitCode> {
  const answer = await client.verifyLimits();
  if (!answer.ok) return refuse(answer.problem, surroundings);
  const { counters, differences } = answer.value;
  if (differences.length === 0) {
    surroundings.say(`${counters} counters agree with the reservations.`);
    return 0;
  }
  surroundings.complain(differenceTable(differences));
  surroundings.complain(
    `${differences.length} of ${counters} counters differ from the reservations. Keep this output, and report it: no ` +
      'program of Callyard may leave them like that.',
  );
  return 1;
}

/** Prints what holds the pending count of a limit. */
export async function showHeld(client: Client, id: string, surroundings: Surroundings): Promise<ExitCode> {
  return show(await client.heldBy(id), surroundings, (held) => {
    if (held.length === 0) return 'Nothing is held.';
    return held.map(heldLines).join('\n');
  });
}

/** Prints what maintenance gave back. */
export async function showFreed(client: Client, surroundings: Surroundings): Promise<ExitCode> {
  return show(await client.freed(), surroundings, (freed) => {
    if (freed.length === 0) return 'Nothing had to be freed.';
    return freed.map(freedLines).join('\n');
  });
}

function show<T>(answer: Answer<T>, surroundings: Surroundings, render: (value: T) => string): ExitCode {
  if (!answer.ok) return refuse(answer.problem, surroundings);
  surroundings.say(render(answer.value));
  return 0;
}

function refuse(problem: Problem, surroundings: Surroundings): ExitCode {
  surroundings.complain(problem.detail);
  return 1;
}

function rowOf(limit: Limit): string[] {
  const used = amountOf(limit, limit.posted, limit.pending);
  return [
    `${limit.scope.name ?? limit.scope.id}\n${limit.id}`,
    `${limit.window} ${limit.counts}\n${limit.resetsAt === null ? 'never' : limit.resetsAt.slice(0, 16).replace('T', ' ')}`,
    `${limitBar(limit)}\n${used}`,
    maximumOf(limit),
  ];
}

function maximumOf(limit: Limit): string {
  return limit.counts === 'spend'
    ? `${formatMicros(microsFromText(limit.limit))} ${limit.currency}`
    : String(limit.limit);
}

/** For example `37 + 2 of 50`. */
export function limitUsed(limit: Limit): string {
  return `${amountOf(limit, limit.posted, limit.pending)} of ${maximumOf(limit)}`;
}

/** For example `37 + 2`: for good, and held. */
function amountOf(limit: Limit, posted: string | number, pending: string | number): string {
  const text = (amount: string | number): string =>
    limit.counts === 'spend' ? formatMicros(BigInt(amount) as Micros) : String(amount);
  return `${text(posted)} + ${text(pending)}`;
}

/** With the lines between them, 80. */
const COLUMNS = [31, 19, 15, 10];

const BAR_WIDTH = 12;

/** What is used of a limit: `█` for good, `▒` held. */
export function limitBar({ limit, posted, pending }: Limit): string {
  const most = Number(limit);
  const part = (amount: number): number => (most === 0 ? BAR_WIDTH : Math.round((amount / most) * BAR_WIDTH));
  const taken = Number(posted) + Number(pending);
  // Not empty while anything is used, not full while there is room.
  const least = taken > 0 ? 1 : 0;
  const full = taken >= most ? BAR_WIDTH : BAR_WIDTH - 1;
  const all = Math.min(full, Math.max(least, part(taken)));
  const used = Math.min(all, part(Number(posted)));
  const held = all - used;
  return '█'.repeat(used) + '▒'.repeat(held) + '░'.repeat(BAR_WIDTH - used - held);
}

function heldLines({ reservationId, callState, reservedAt, workflowId }: HeldReservation): string {
  return `${reservationId}  ${callState ?? 'not on record yet'}, since ${reservedAt}\n    ${workflowId ?? 'no workflow'}`;
}

function freedLines({ reservationId, reason, reservedAt, freedAt, carrierSays }: FreedReservation): string {
  const seconds = Math.round((Date.parse(freedAt) - Date.parse(reservedAt)) / 1000);
  const carrier = carrierSays === null ? '' : `; the carrier says: ${carrierSays}`;
  return `${freedAt}  ${reservationId}\n    ${reason}, held for ${seconds} s${carrier}`;
}

function differenceTable(differences: Verification['differences']): string {
  const table = new Table({
    head: ['limit', 'window', 'counter', 'reservations'],
    style: { head: [], border: [] },
  });
  for (const each of differences) {
    table.push([
      each.limitId,
      `${each.window}\n${each.windowStart ?? ''}`,
      `${each.posted} + ${each.pending}`,
      `${each.recountedPosted} + ${each.recountedPending}`,
    ]);
  }
  return table.toString();
}
