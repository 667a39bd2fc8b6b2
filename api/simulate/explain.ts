import type { DuplicateMatch } from '../../domain/campaign/duplicates';
import { unreachable } from '../../domain/exhaustive';
import { formatMicros, microsFromText } from '../../domain/money';
import type { Strategy } from '../../domain/routing/plan';
import type { SkipReason } from '../../domain/routing/skip';
import type { Treatment } from '../../domain/treatment';
import type { Simulated } from './simulate';

export interface Background {
  readonly campaignName: string;
  readonly hasFlow: boolean;
  readonly maxAttempts: number;
  /** Dials made before. */
  readonly tried: number;
  /** `null`: withheld. */
  readonly caller: string | null;
  readonly currency: string;
}

/** Longer lists are cut in sentences; the answer has them whole. */
const MOST_NAMED = 10;

/** What happens to the call, in sentences, in the order in which it is decided. */
export function explain(simulated: Simulated, background: Background): readonly string[] {
  return [
    whoCalls(simulated, background),
    ...screening(simulated),
    ...(simulated.duplicate === null ? [] : [duplicate(simulated.duplicate)]),
    ...(background.hasFlow
      ? ['The IVR flow is not gone through: give what callers would answer as tags.']
      : []),
    ...rules(simulated),
    ...candidates(simulated, background),
    ...skipped(simulated),
    otherwise(simulated),
    'Limits are looked at as they stand now, whatever the time of the call; nothing is held.',
  ];
}

function whoCalls({ source, geography, at, planVersion }: Simulated, background: Background): string {
  const { country, state, areaCode, postalCode, timeZone } = geography;
  const place = [
    state ?? country,
    areaCode === null ? null : `area code ${areaCode}`,
    postalCode === null ? null : `postal code ${postalCode}`,
    timeZone,
  ].filter((part) => part !== null);
  const from = background.caller ?? 'An anonymous caller';
  const where = place.length === 0 ? 'from a place nobody knows' : `from ${place.join(', ')}`;
  const on = source === null ? '' : ` on ${source.number} (${source.channel})`;
  const plan = planVersion === null ? 'the draft of the plan' : `version ${planVersion} of the plan`;
  return `${from}, ${where}, calls ${background.campaignName}${on} at ${at}; ${plan} decides.`;
}

function screening({ screening: { passes, outcome, reason } }: Simulated): string[] {
  return passes
    ? ['Screening lets the call pass.']
    : [
        `Screening turns the call away as ${outcome}: ${reason}.`,
        'What follows is what routing would do if it had passed.',
      ];
}

function duplicate({ treatment, definition, buyerIds, lastAt }: DuplicateMatch): string {
  const what = { any_call: 'called', connected: 'talked to a buyer', converted: 'became a paid call' }[
    definition
  ];
  const found = `The caller is a duplicate: they ${what} on ${lastAt}`;
  const before = buyerIds.length === 0 ? 'nobody took them then' : `${buyerIds.join(', ')} had them`;
  switch (treatment) {
    case 'same_buyer':
      return `${found}; ${before}, and the most recent buyer comes first where they are a candidate.`;
    case 'different_buyer':
      return `${found}; ${before}, and those buyers are left out.`;
    case 'refuse':
      return `${found}; such callers are refused.`;
    case 'pay_once':
      return `${found}; the call is routed as ever, but the publisher is not paid again.`;
    default:
      return unreachable(treatment);
  }
}

function rules({ rules: all }: Simulated): string[] {
  const named = (wanted: boolean | null): string =>
    list(all.flatMap(({ name, matched }) => (matched === wanted ? [`"${name}"`] : [])));
  const matched = all.filter((rule) => rule.matched === true);
  const sentences = matched.map(
    ({ name, strategy, when }) =>
      `Rule "${name}" applies, ${when === null ? 'as it does to every call' : 'for its condition is true'}: ${strategyWords(strategy)}.`,
  );
  if (matched.length === 0) sentences.push('No rule applies.');
  if (all.some((rule) => rule.matched === false)) sentences.push(`Not for this call: ${named(false)}.`);
  if (all.some((rule) => rule.matched === null))
    sentences.push(`Not looked at, for a rule before has a fallback of its own: ${named(null)}.`);
  return sentences;
}

function strategyWords(strategy: Strategy): string {
  switch (strategy.kind) {
    case 'waterfall':
      return 'its candidates are tried by priority';
    case 'weighted':
      return 'its candidates are drawn by weight';
    case 'round_robin':
      return 'whoever has waited longest is tried first';
    case 'auction':
      return strategy.rankBy === 'bid'
        ? 'the highest bid is tried first'
        : 'the highest expected revenue is tried first';
    default:
      return unreachable(strategy);
  }
}

function candidates({ candidates: all }: Simulated, { maxAttempts, tried, currency }: Background): string[] {
  if (all.length === 0) return ['Nobody can take the call.'];
  const withRoom = all.filter(hasRoom);
  const left = maxAttempts - tried;
  return [
    ...passedOver(all.filter((candidate) => !hasRoom(candidate))),
    ...dialled(withRoom, currency),
    ...(withRoom.length > left
      ? [`At most ${left} of the ${withRoom.length} are dialled: the plan has ${maxAttempts} attempts.`]
      : []),
  ];
}

type SimulatedCandidate = Simulated['candidates'][number];

function hasRoom({ refusedBy }: SimulatedCandidate): boolean {
  return refusedBy.length === 0;
}

function dialled([first, ...others]: readonly SimulatedCandidate[], currency: string): string[] {
  if (first === undefined) return ['Nobody has room for the call.'];
  const amount = formatMicros(microsFromText(first.price.amountMicros));
  return [
    `${first.buyerName} is dialled first (${amount} ${currency}, by rule "${first.rule}").`,
    ...(others.length > 0 ? [`Behind them: ${list(others.map(({ buyerName }) => buyerName))}.`] : []),
  ];
}

function passedOver(full: readonly SimulatedCandidate[]): string[] {
  if (full.length === 0) return [];
  const named = full.map(
    ({ buyerName, refusedBy }) => `${buyerName} (${refusedBy.map(limitWords).join('; ')})`,
  );
  return [`Passed over, ${REASONS.limit_reached}: ${list(named)}.`];
}

function limitWords({
  limitId,
  scope,
  window,
  counts,
  reason,
}: SimulatedCandidate['refusedBy'][number]): string {
  const why = reason === 'full' ? 'is full' : 'is in another currency';
  return `${limitId} ${why}: ${window} ${counts} of ${scope}`;
}

const REASONS: Readonly<Record<SkipReason, string>> = {
  already_tried: 'dialled before in this call',
  no_rule: 'in no rule that applies',
  paused: 'paused',
  closed: 'closed at this time',
  other_side: 'on the other side of a migration',
  filtered: 'does not take such calls',
  no_bid: 'pays nothing for such calls',
  duplicate: 'had this caller before',
  below_reserve: 'bids below the reserve price',
  attempts_used_up: 'the attempts are used up',
  limit_reached: 'has no room',
  not_needed: 'comes after the one who was chosen',
};

function skipped({ skipped: all }: Simulated): string[] {
  const byReason = new Map<SkipReason, string[]>();
  for (const { buyerName, reason } of all) byReason.set(reason, [...(byReason.get(reason) ?? []), buyerName]);
  return [...byReason].map(([reason, names]) => `Left out, ${REASONS[reason]}: ${list(names)}.`);
}

function otherwise({ screening: { passes }, candidates: all, treatment }: Simulated): string {
  const what = treatmentWords(treatment);
  if (!passes) return `The caller ${what}.`;
  return all.every((candidate) => !hasRoom(candidate))
    ? `The caller ${what}.`
    : `When none of them takes the call, the caller ${what}.`;
}

function treatmentWords(treatment: Treatment): string {
  switch (treatment.kind) {
    case 'message':
      return 'hears a message, and the call ends';
    case 'reject':
      return treatment.reason === 'busy' ? 'gets the busy tone' : 'is rejected';
    case 'forward':
      return `is forwarded to ${treatment.destination.kind === 'tel' ? treatment.destination.number : treatment.destination.uri}`;
    case 'voicemail':
      return 'may leave a message';
    default:
      return unreachable(treatment);
  }
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).join(', ');
  return names.length <= MOST_NAMED ? shown : `${shown} and ${names.length - MOST_NAMED} more`;
}
