import type { Extra } from '../../contract/resources/report';
import { formatMicros, microsFromText } from '../../domain/money';
import type { LineExtras } from './extras';

/*
 * What rows carry beside their measures, as columns of CSV. Amounts are in units, as everywhere in CSV.
 */

const HEADS: Readonly<Record<Extra, readonly string[]>> = {
  goal: [
    'goal calls',
    'goal callsShare',
    'goal costPerCall',
    'goal costPerCallOver',
    'goal conversionRate',
    'goal conversionRateDelta',
  ],
  capFill: [
    'capFill limitId',
    'capFill window',
    'capFill counts',
    'capFill used',
    'capFill limit',
    'capFill share',
  ],
};

export function extraHead(extras: readonly Extra[]): string[] {
  return extras.flatMap((extra) => HEADS[extra]);
}

/** A line's fields, in the order of its head; empty where there is nothing to say. */
export function extraFields(extras: readonly Extra[], line: LineExtras): string[] {
  return extras.flatMap((extra) => {
    const fields = extra === 'goal' ? goalFields(line.goal ?? null) : fillFields(line.capFill ?? null);
    return fields.length > 0 ? fields : HEADS[extra].map(() => '');
  });
}

function goalFields(goal: NonNullable<LineExtras['goal']> | null): string[] {
  if (goal === null) return [];
  return [
    text(goal.calls),
    text(goal.callsShare),
    units(goal.costPerCallMicros),
    units(goal.costPerCallOver),
    text(goal.conversionRate),
    text(goal.conversionRateDelta),
  ];
}

function fillFields(fill: NonNullable<LineExtras['capFill']> | null): string[] {
  if (fill === null) return [];
  const amount = (of: number | string): string => (typeof of === 'string' ? units(of) : String(of));
  return [fill.limitId, fill.window, fill.counts, amount(fill.used), amount(fill.limit), text(fill.share)];
}

function text(value: number | null): string {
  return value === null ? '' : String(value);
}

function units(micros: string | null): string {
  return micros === null ? '' : formatMicros(microsFromText(micros));
}
