import Table from 'cli-table3';
import type { SimulatedCall, WebhookPurpose } from '../../telephony/simulator';

const INSTRUCTIONS: ReadonlySet<WebhookPurpose> = new Set<WebhookPurpose>([
  'voice',
  'gather-action',
  'dial-action',
  'record-action',
  'redirect',
]);

/** Counts what traffic met. Latencies are those of webhooks whose answer a caller waits for, unless named otherwise. */
export class Tally {
  started = 0;
  finished = 0;
  /** Arrivals not placed because too many calls were in progress. */
  heldBack = 0;
  readonly errors = new Map<string, number>();
  private callsWithErrors = 0;
  private readonly outcomes = new Map<string, number>();
  private readonly asked: number[] = [];
  private readonly reported: number[] = [];

  get inFlight(): number {
    return this.started - this.finished;
  }

  get failedCalls(): number {
    return this.callsWithErrors;
  }

  add(call: SimulatedCall): void {
    this.finished += 1;
    count(this.outcomes, outcomeOf(call));
    for (const webhook of call.webhooks) {
      (INSTRUCTIONS.has(webhook.purpose) ? this.asked : this.reported).push(webhook.latencyMilliseconds);
    }
    // A request that only its retry saved is an error of the platform all the same.
    const attempts = call.webhooks.flatMap((webhook) => (webhook.error === null ? [] : [webhook.error]));
    const errors = new Set([...call.errors, ...attempts]);
    if (errors.size > 0) this.callsWithErrors += 1;
    for (const error of errors) count(this.errors, error.replaceAll(call.callSid, '<sid>'));
  }

  /** A call that the simulator itself could not carry on with. */
  addBroken(error: unknown): void {
    this.finished += 1;
    this.callsWithErrors += 1;
    count(this.errors, String(error));
  }

  progress(elapsedSeconds: number): string {
    const { p50, p99 } = latencies(this.asked);
    return (
      `${elapsedSeconds.toFixed(0).padStart(4)} s  started ${this.started}  in flight ${this.inFlight}  ` +
      `finished ${this.finished}  errors ${this.callsWithErrors}  webhook p50 ${ms(p50)} p99 ${ms(p99)}`
    );
  }

  summary(elapsedSeconds: number): string {
    const calls = new Table({ head: ['calls', ''], style: plain, colAligns: ['left', 'right'] });
    calls.push(
      ['started', this.started],
      ['finished', this.finished],
      ['held back (too many at once)', this.heldBack],
      ['calls per second', (this.finished / Math.max(elapsedSeconds, 0.001)).toFixed(2)],
      ['with errors', this.callsWithErrors],
    );
    for (const [outcome, times] of [...this.outcomes].sort((a, b) => b[1] - a[1]))
      calls.push([outcome, times]);
    const hooks = new Table({
      head: ['webhooks', 'count', 'p50', 'p95', 'p99', 'max'],
      style: plain,
      colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    });
    hooks.push(row('with instructions', this.asked), row('reports', this.reported));
    return [calls.toString(), hooks.toString(), ...this.errorLines()].join('\n');
  }

  private errorLines(): string[] {
    const worst = [...this.errors].sort((a, b) => b[1] - a[1]).slice(0, 5);
    const rest = this.errors.size - worst.length;
    return [
      ...worst.map(([error, times]) => `${times} × ${error}`),
      ...(rest > 0 ? [`and ${rest} other kinds of error`] : []),
    ];
  }
}

const plain = { head: [], border: [] };

/** How the call went, as a carrier can see it. */
function outcomeOf(call: SimulatedCall): string {
  if (call.ending.kind === 'application-error') return 'application error';
  if (call.dials.some((dial) => dial.bridged)) return 'connected';
  if (call.ending.kind === 'caller-hung-up') return `abandoned (${call.ending.during})`;
  if (call.ending.kind === 'rejected') return 'rejected';
  const last = call.dials.at(-1);
  return last === undefined ? 'never dialled' : `not connected (last: ${last.status})`;
}

function row(name: string, values: readonly number[]): (string | number)[] {
  const { p50, p95, p99, max } = latencies(values);
  return [name, values.length, ms(p50), ms(p95), ms(p99), ms(max)];
}

function latencies(values: readonly number[]) {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number | undefined => sorted[Math.ceil(share * sorted.length) - 1];
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) };
}

function ms(value: number | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
