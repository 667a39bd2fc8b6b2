import { createHash } from 'node:crypto';
import type { ConfigChange } from '../../contract/config-document';
import type { ConfigLimit } from '../../contract/resources/limit';
import { difference } from '../difference';
import type { Comparison, Edit } from './compare';

/** Numbers that the next versions would have. */
export interface NextVersions {
  readonly plan: number;
  readonly flow: number;
}

/** The changes for programs and people, in the order in which they are made. */
export function presentChanges(comparison: Comparison, next: NextVersions): readonly ConfigChange[] {
  const { campaign, publishers, buyers, assignments, numbers, limits, goal, plan, flow } = comparison;
  return [
    ...(campaign === null ? [] : [present('campaign', campaign, nameOf(campaign))]),
    ...publishers.map((edit) => present('publisher', edit, nameOf(edit))),
    ...buyers.map((edit) => present('buyer', edit, nameOf(edit))),
    ...assignments.map((edit) => present('assignment', edit, (edit.after ?? edit.before)?.buyerId ?? '')),
    ...numbers.map((edit) => present('number', edit, (edit.after ?? edit.before)?.channel ?? '')),
    ...limits.map((edit) => present('limit', edit, limitName(edit))),
    ...(goal === null ? [] : [present('goal', goal, (goal.after ?? goal.before)?.period ?? '')]),
    ...(plan === null ? [] : [presentVersion('plan', plan, next.plan)]),
    ...(flow === null ? [] : [presentVersion('flow', flow, next.flow)]),
  ];
}

/** For example `buyer buy_alpha, day connection`. */
function limitName({ before, after }: Edit<ConfigLimit>): string {
  const limit = after ?? before;
  return limit === null ? '' : `${limit.scope.kind} ${limit.scope.id}, ${limit.window} ${limit.counts}`;
}

function nameOf({ before, after }: Edit<{ readonly name: string }>): string {
  return (before ?? after)?.name ?? '';
}

function present<T>(entity: ConfigChange['entity'], edit: Edit<T>, name: string): ConfigChange {
  const { before, after } = edit;
  const action = before === null ? 'create' : after === null ? 'remove' : 'update';
  return { action, entity, id: edit.id, name, ...sidesApart(edit) };
}

function presentVersion<T>(entity: 'plan' | 'flow', edit: Edit<T>, next: number): ConfigChange {
  return {
    action: edit.after === null ? 'remove' : 'publish',
    entity,
    id: edit.after === null ? edit.id : String(next),
    name: `version ${edit.after === null ? edit.id : next}`,
    ...sidesApart(edit),
  };
}

function sidesApart<T>({ before, after }: Edit<T>): Pick<ConfigChange, 'patch' | 'lines'> {
  if (after === null) return { patch: [], lines: [] };
  const { patch, lines } = difference(before ?? {}, after);
  return { patch: [...patch], lines: [...lines] };
}

/** Tells whether two lists of changes are the same. */
export function digestOf(changes: readonly ConfigChange[]): string {
  return createHash('sha256').update(JSON.stringify(changes)).digest('base64url');
}
