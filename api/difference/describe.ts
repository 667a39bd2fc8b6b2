import type { Found, Json, Place } from './patch';

/** Longer values are cut in lines for people; the patch has them whole. */
const LONGEST_VALUE = 120;

/**
 * The differences as lines for people, one each: `rules[everyone].strategy.kind: "waterfall" → "weighted"`. A sign
 * leads: `+` added, `-` removed, `~` changed or moved.
 */
export function describeDifferences(differences: readonly Found[]): readonly string[] {
  return differences.map((found) => {
    switch (found.kind) {
      case 'added':
        return `+ ${nameOf(found.at)}: ${show(found.after)}`;
      case 'removed':
        return `- ${nameOf(found.at)}: ${show(found.before)}`;
      case 'replaced':
        return `~ ${nameOf(found.at)}: ${show(found.before)} → ${show(found.after)}`;
      case 'moved':
        return `~ ${nameOf(found.at)}[${found.label}]: moved from place ${found.from + 1} to ${found.to + 1}`;
    }
  });
}

function nameOf(place: Place): string {
  const name = place
    .map((step) => ('key' in step ? `.${step.key}` : `[${step.label}]`))
    .join('')
    .replace(/^\./, '');
  return name === '' ? 'everything' : name;
}

function show(value: Json): string {
  const text = JSON.stringify(value);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)} …`;
}
