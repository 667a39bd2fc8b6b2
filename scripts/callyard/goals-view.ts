import type { GoalProgress } from '../../contract/resources/goal';
import type { Pace } from '../../domain/goals/progress';
import { formatMicros, microsFromText } from '../../domain/money';
import { addDays } from '../../domain/report/calendar';
import { hundredths } from './amounts';
import { bar, wrap } from './layout';

/** Of the words in front of figures. */
const LABEL = 'cost a call  '.length;

const VERDICTS: Readonly<Record<Pace, string>> = {
  ahead: 'ahead of the goal',
  on: 'on the goal',
  behind: 'behind the goal',
};

/** How far a campaign is, for a terminal of 80 columns. `▒` in the bar is what should be there by now. */
export function renderGoal(progress: GoalProgress): string {
  return [
    ...headOf(progress),
    '',
    ...openOf(progress),
    ...callsOf(progress),
    ...costOf(progress),
    ...conversionOf(progress),
  ].join('\n');
}

function headOf({ campaignId, name, period, timeZone }: GoalProgress): string[] {
  const last = addDays(period.to, -1);
  const days = period.from === last ? period.from : `${period.from} to ${last}`;
  return wrap(`${name} (${campaignId}): the ${period.kind} ${days}, ${timeZone}`);
}

function openOf({ open, period }: GoalProgress): string[] {
  if (open.share === null) return wrap(label('open', `at no time of this ${period.kind}`));
  return [label('open', `${bar(open.share * 100)} ${percent(open.share)}`)];
}

function callsOf({ calls, soFar }: GoalProgress): string[] {
  if (calls === null) return [label('calls', String(soFar.received))];
  const { goal, received, expected, ahead, pace, projected } = calls;
  const share = (of: number | null): number | null => (of === null ? null : (of / goal) * 100);
  const pacing =
    expected === null || ahead === null || pace === null
      ? ''
      : `; ${Math.round(expected)} expected by now: ${distance(received - Math.round(expected))}, ${VERDICTS[pace]}`;
  return [
    label('calls', `${bar((received / goal) * 100, share(expected))} ${percent(received / goal)}`),
    ...wrap(label('', `${received} of ${goal}${pacing}`)),
    ...(projected === null
      ? []
      : [label('', `${Math.round(projected)} at the end, if it goes on like this`)]),
  ];
}

/** For example `27 fewer`: calls are whole, as what is expected is shown. */
function distance(ahead: number): string {
  if (ahead === 0) return 'as many';
  return `${Math.abs(ahead)} ${ahead > 0 ? 'more' : 'fewer'}`;
}

function costOf({ costPerCall, currency }: GoalProgress): string[] {
  if (costPerCall === null) return [];
  const { goalMicros, soFarMicros, overMicros, pace } = costPerCall;
  const goal = `${units(goalMicros)} ${currency} at most`;
  if (soFarMicros === null || overMicros === null || pace === null)
    return [label('cost a call', `nothing yet; ${goal}`)];
  const over = microsFromText(overMicros);
  const apart = hundredths(over < 0n ? -over : over);
  return wrap(
    label(
      'cost a call',
      `${hundredths(microsFromText(soFarMicros))} of ${goal}: ${apart === '0.00' ? 'as much' : `${apart} ${over > 0n ? 'more' : 'less'}`}, ${VERDICTS[pace]}`,
    ),
  );
}

function conversionOf({ conversionRate }: GoalProgress): string[] {
  if (conversionRate === null) return [];
  const { goal, soFar, delta, pace } = conversionRate;
  const least = `${percent(goal)} at least`;
  if (soFar === null || delta === null || pace === null)
    return [label('conversion', `nothing yet; ${least}`)];
  const points = `${delta > 0 ? '+' : ''}${(delta * 100).toFixed(1)} points`;
  return wrap(label('conversion', `${percent(soFar)} of ${least}: ${points}, ${VERDICTS[pace]}`));
}

function label(name: string, text: string): string {
  return `${name.padEnd(LABEL)}${text}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function units(micros: string): string {
  return formatMicros(microsFromText(micros));
}
