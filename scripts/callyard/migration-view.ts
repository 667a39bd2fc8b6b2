import type { Migration, MigrationHead } from '../../contract/resources/migration';
import { unreachable } from '../../domain/exhaustive';
import { traitsOf } from '../../domain/migration/statistics/metrics';
import { bar, cut, minute, wrap } from './layout';

const NAME_WIDTH = 20;
const FIGURE_WIDTH = 24;
/** Lines of the history that are shown. */
const LATEST = 5;

type Judgement = Migration['progress']['judgements'][number];
type Estimate = Judgement['control'];

/**
 * A migration for a terminal of 80 columns: the share as a bar, the step, both sides, what comes next, and when.
 * @param now milliseconds since the epoch
 */
export function renderMigration(migration: Migration, now: number): string {
  const { progress } = migration;
  return [
    ...wrap(`${migration.name}  (${migration.id})`),
    ...wrap(sidesOf(migration)),
    '',
    headline(migration),
    shareBar(progress.sharePercent, progress.nextSharePercent),
    '',
    ...figures(migration),
    ...next(migration, now),
    ...(progress.possible.length === 0 ? [] : wrap(`Possible: ${progress.possible.join(', ')}`)),
    ...history(migration),
  ].join('\n');
}

/** One line a migration, for example `mig_1  running  25 %  Dallas to Austin`. */
export function renderList(migrations: readonly MigrationHead[]): string {
  if (migrations.length === 0) return 'No migrations.';
  const longest = Math.max(...migrations.map(({ id }) => id.length));
  return migrations
    .map(({ id, status, name, progress }) =>
      [id.padEnd(longest), status.padEnd(17), percent(progress.sharePercent).padStart(8), name].join('  '),
    )
    .join('\n');
}

function sidesOf({ kind }: MigrationHead): string {
  switch (kind.kind) {
    case 'buyer':
      return `${kind.controlAssignmentId} → ${kind.challengerAssignmentId} in ${kind.campaignId}`;
    case 'plan':
      return `plan version ${kind.controlVersion} → ${kind.challengerVersion} of ${kind.campaignId}`;
    case 'campaign':
      return `${kind.controlCampaignId} → ${kind.challengerCampaignId}`;
    default:
      return unreachable(kind);
  }
}

/** Of one that is over, its end alone: the step and the share are those to which that led back. */
function headline({ status, progress, endedAt }: Migration): string {
  if (endedAt !== null) return status.replaceAll('_', ' ');
  const by = progress.pausedBy === 'campaign' ? ' with its campaign' : '';
  const step = progress.step.no === 0 ? '' : `, step ${progress.step.no} of ${progress.step.of}`;
  const since = progress.since === null ? '' : `, at this share since ${minute(progress.since)}`;
  return `${status.replaceAll('_', ' ')}${by}${step}${since}`;
}

/** `▒`: what the next step adds. */
function shareBar(share: number, next: number | null): string {
  return `${bar(share, next)} ${percent(share)}${next === null ? '' : `, next ${percent(next)}`}`;
}

function figures({ progress }: Migration): string[] {
  if (progress.figures === null) return progress.since === null ? [] : ['Nobody has looked yet.', ''];
  const { control, challenger } = progress.figures;
  return [
    row('', 'control', 'challenger', ''),
    row('calls ended', String(control.calls), String(challenger.calls), ''),
    ...progress.judgements.map((judgement) =>
      row(
        judgement.guardrail.metric.replaceAll('_', ' '),
        estimate(judgement, judgement.control),
        estimate(judgement, judgement.challenger),
        judgement.verdict.replaceAll('_', ' '),
      ),
    ),
    ...(challenger.turnedAway === 0
      ? []
      : [`${challenger.turnedAway} calls of the challenger went to control for want of room.`]),
    ...progress.judgements
      .filter(({ verdict }) => verdict === 'breach')
      .flatMap(({ reason }) => wrap(`Breach: ${reason}`)),
    '',
  ];
}

function row(name: string, control: string, challenger: string, verdict: string): string {
  return `${name.padEnd(NAME_WIDTH)}${control.padEnd(FIGURE_WIDTH)}${challenger.padEnd(FIGURE_WIDTH)}${verdict}`.trimEnd();
}

/** For example `48.2 % (41.0 to 55.3)`. */
function estimate({ guardrail }: Judgement, { value, low, high }: Estimate): string {
  if (value === null) return '-';
  const traits = traitsOf(guardrail.metric);
  const [scale, digits, unit] =
    traits.of === 'rate' ? [100, 1, ' %'] : traits.unit === 'micros' ? [1e-6, 2, ''] : [1, 1, ' s'];
  const text = (figure: number): string => (figure * scale).toFixed(digits);
  const interval = low === null || high === null ? '' : ` (${text(low)} to ${text(high)})`;
  return `${text(value)}${unit}${interval}`;
}

/** The next decision, and when; what a running migration waits for is a line each. */
function next({ status, progress }: Migration, now: number): string[] {
  if (status !== 'running' || progress.missing.length === 0)
    return wrap(`Next: ${lowered(progress.nextDecision)}`);
  const goal = progress.nextSharePercent === null ? 'completion' : percent(progress.nextSharePercent);
  const guardrails = progress.missing.filter(({ kind }) => kind === 'guardrail').length;
  return [
    `Next: ${goal}, as soon as`,
    ...progress.missing.flatMap((missing) => condition(missing, now)),
    ...(guardrails === 0 ? [] : [`  - the guardrails hold: ${guardrails} to go`]),
  ];
}

function lowered(sentence: string): string {
  return `${sentence.slice(0, 1).toLowerCase()}${sentence.slice(1)}`;
}

/** Guardrails are counted: what each lacks stands in its row. */
function condition(missing: Migration['progress']['missing'][number], now: number): string[] {
  switch (missing.kind) {
    case 'seconds': {
      const at = new Date(now + missing.left * 1000).toISOString();
      return [`  - ${duration(missing.left)} are over, at ${minute(at)}`];
    }
    case 'calls':
      return [`  - ${missing.left} more calls of the challenger have ended`];
    case 'guardrail':
      return [];
    case 'approval':
      return ['  - somebody approves'];
    case 'window':
      return ['  - its window opens'];
    default:
      return unreachable(missing);
  }
}

function history({ history: lines }: Migration): string[] {
  if (lines.length === 0) return [];
  const latest = lines.slice(-LATEST).map(({ at, what, by, reason, sharePercent }) => {
    const who = by === null ? '' : ` by ${by}`;
    const why = reason === null ? '' : `: ${reason}`;
    return cut(`${minute(at)}  ${what} at ${percent(sharePercent)}${who}${why}`);
  });
  return ['', ...latest];
}

function percent(share: number): string {
  return `${share} %`;
}

/** For example `1 d 3 h`, `12 min`, `8 s`: two units at most. */
function duration(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ] as const;
  const largest = units.findIndex(([size]) => seconds >= size);
  let rest = Math.ceil(seconds);
  const parts = units.slice(Math.max(largest, 0), Math.max(largest, 0) + 2).flatMap(([size, unit]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? [] : [`${count} ${unit}`];
  });
  return parts.join(' ');
}
