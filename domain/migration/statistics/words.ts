import { unreachable } from '../../exhaustive';
import { formatMicros, type Micros } from '../../money';
import type { Guardrail, Metric } from '../plan';
import type { Estimate } from './intervals';
import { traitsOf } from './metrics';
import type { Judgement } from './verdict';

/** A metric's value for people: `12.3 %`, `4.50`, `63 s`. */
export function formatValue(metric: Metric, value: number): string {
  const traits = traitsOf(metric);
  if (traits.of === 'rate') return formatPercent(value);
  return traits.unit === 'seconds'
    ? `${Number(value.toFixed(1))} s`
    : formatMicros(BigInt(Math.round(value / 10_000) * 10_000) as Micros);
}

/** `0.0123` → `1.23 %`. */
function formatPercent(value: number): string {
  return `${Number((value * 100).toPrecision(3))} %`;
}

/** What a guardrail asks for, after the name of its metric. */
export function ruleInWords({ metric, rule }: Guardrail): string {
  const rises = traitsOf(metric).harm === 'rise';
  switch (rule.kind) {
    case 'relative_drop':
      return `at most ${formatPercent(rule.drop)} ${rises ? 'above' : 'below'} control`;
    case 'floor': {
      const floor = 'valueMicros' in rule ? Number(rule.valueMicros) : rule.value;
      return `${rises ? 'at most' : 'at least'} ${formatValue(metric, floor)}`;
    }
    default:
      return unreachable(rule);
  }
}

/** A judgement in a sentence or two: figures first, then why the verdict is what it is. */
export function inWords(
  judgement: Omit<Judgement, 'reason'>,
  minimumCalls: number,
  fewestOfControl: number,
): string {
  const { guardrail, calls } = judgement;
  const { metric } = guardrail;
  const sides = [
    `${figure(metric, judgement.challenger)} in ${calls.challenger} calls of the challenger`,
    `${figure(metric, judgement.control)} in ${calls.control} of control`,
  ];
  const name = traitsOf(metric).name;
  const moving = judgement.provisional ? ' Provisional: calls may still convert.' : '';
  return `${capital(name)} ${sides.join(', ')}; allowed is ${ruleInWords(guardrail)}. ${why(judgement, minimumCalls, fewestOfControl)}${moving}`;
}

function why(
  { verdict, calls, evidence, needed }: Omit<Judgement, 'reason'>,
  minimumCalls: number,
  fewestOfControl: number,
): string {
  switch (verdict) {
    case 'breach':
      return `It is worse: evidence ${times(evidence)}, a breach from ${times(needed)} on.`;
    case 'holds':
      return `No breach: evidence ${times(evidence)} of ${times(needed)}.`;
    case 'wait':
      if (calls.challenger < Math.max(1, minimumCalls))
        return `Too few calls of the challenger: ${Math.max(1, minimumCalls)} are asked for.`;
      return evidence === null
        ? 'Too few calls that count for it to tell how much it varies.'
        : `Too few calls of control: ${fewestOfControl} are asked for.`;
    case 'not_compared':
      return 'Not compared: the challenger has all calls.';
    default:
      return unreachable(verdict);
  }
}

function figure(metric: Metric, { value, low, high }: Estimate): string {
  if (value === null) return 'unknown';
  const between =
    low === null || high === null ? '' : ` (${formatValue(metric, low)} to ${formatValue(metric, high)})`;
  return `${formatValue(metric, value)}${between}`;
}

function times(evidence: number | null): string {
  return evidence === null ? 'unknown' : `${Number(evidence.toPrecision(3))}`;
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
