import type { ConfigDocument } from '../../contract/config-document';
import type { ConfigLimit } from '../../contract/resources/limit';
import type { Queryable } from '../../db/pool';
import type { NewAuditEntry } from '../../db/queries/audit';
import { holdHistory } from '../../db/queries/campaigns';
import { waitForOtherDocuments } from '../../db/queries/configDocument';
import {
  deleteConfigLimits,
  insertConfigCampaign,
  releaseConfigNumbers,
  removeConfigAssignments,
  updateConfigCampaign,
  upsertConfigAssignments,
  upsertConfigBuyers,
  upsertConfigLimits,
  upsertConfigNumbers,
  upsertConfigPublishers,
} from '../../db/queries/configWrites';
import { deleteGoal, putGoal } from '../../db/queries/goals';
import { lockCampaignsOf, requireLocked } from '../../db/queries/lockOrder';
import { insertVersion, nextVersion, setCurrentVersion, type VersionedKind } from '../../db/queries/versions';
import { requireNoSides, requirePlanAtRest } from '../migrations/campaign-changes';
import { CURRENCY_STAYS } from '../campaigns/present';
import { Problem } from '../problems';
import { compareWithState, findObstacles, type Comparison, type Edit, type Obstacle } from './compare';
import type { NextVersions } from './present';
import { loadState, namedBy } from './state';

/** What applying a document comes to, before anything is written. */
export interface Prepared {
  readonly comparison: Comparison;
  readonly next: NextVersions;
}

/**
 * Compares a document with what is there, under locks that hold to the end of the transaction.
 * @throws Problem `conflict` or `unprocessable`, by field, when it cannot be applied
 */
export async function prepare(db: Queryable, document: ConfigDocument): Promise<Prepared> {
  const campaignId = document.campaign.id;
  const named = namedBy(document);
  await waitForOtherDocuments(db);
  const subjects = { campaigns: [campaignId], buyers: named.buyers, numbers: named.numbers };
  const locked = await lockCampaignsOf(db, subjects);
  const state = await loadState(db, campaignId, { named, lock: true });
  await requireLocked(db, subjects, locked);
  const comparison = compareWithState(document, state);
  if (comparison.plan !== null) await requirePlanAtRest(db, campaignId);
  await requireNoSides(db, campaignId, gone(comparison.assignments));
  const obstacles = [
    ...findObstacles(document, state, comparison),
    ...(await currencyObstacles(db, comparison)),
  ];
  if (obstacles.length > 0) {
    throw new Problem(
      obstacles.every(({ conflict }) => conflict) ? 'conflict' : 'unprocessable',
      `The document cannot be applied, and nothing was: ${obstacles.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`).join('; ')}`,
      obstacles.map(({ pointer, message }) => ({ pointer, message })),
    );
  }
  const [plan, flow] = await Promise.all([
    nextVersion(db, 'plan', campaignId),
    nextVersion(db, 'flow', campaignId),
  ]);
  return { comparison, next: { plan, flow } };
}

/** Of a draft, which may have another currency as long as nothing counts in the one it has. */
async function currencyObstacles(db: Queryable, { campaign }: Comparison): Promise<readonly Obstacle[]> {
  if (!campaign?.before || !campaign.after || campaign.before.status !== 'draft') return [];
  const { before, after } = campaign;
  if (before.currency === after.currency || !(await holdHistory(db, before.id))) return [];
  return [{ pointer: '/campaign/currency', message: CURRENCY_STAYS, conflict: false }];
}

/** What versions published by a document say of themselves. */
const NOTE = 'config as code';

/**
 * Writes what was compared. What is referred to comes first: publishers and buyers, then assignments and numbers, then
 * the versions, then the campaign itself, which may only be active with a plan, its goal, and at last limits, in the zones
 * all these have by now: they lock counters, which calls wait for.
 * @returns what the audit trail gets, one entry a thing
 */
export async function write(
  db: Queryable,
  campaignId: string,
  { comparison, next }: Prepared,
  actor: string,
): Promise<readonly NewAuditEntry[]> {
  const { campaign, publishers, buyers, assignments, numbers, limits, goal, plan, flow } = comparison;
  if (campaign?.after && campaign.before === null && !(await insertConfigCampaign(db, campaign.after)))
    throw changedMeanwhile(`the campaign ${campaignId} was created`);
  if (publishers.length > 0) await upsertConfigPublishers(db, kept(publishers));
  if (buyers.length > 0) await upsertConfigBuyers(db, kept(buyers));
  await writeAssignments(db, campaignId, assignments);
  await writeNumbers(db, campaignId, numbers);
  await writeVersion(db, 'plan', campaignId, plan, actor);
  await writeVersion(db, 'flow', campaignId, flow, actor);
  if (campaign?.after && !(campaign.before === null && campaign.after.status === 'draft'))
    await updateConfigCampaign(db, campaign.after);
  await writeGoal(db, campaignId, goal);
  await writeLimits(db, limits);
  return auditOf(campaignId, comparison, next);
}

function kept<T>(edits: readonly Edit<T>[]): T[] {
  return edits.flatMap(({ after }) => after ?? []);
}

function gone<T>(edits: readonly Edit<T>[]): string[] {
  return edits.flatMap(({ id, after }) => (after === null ? [id] : []));
}

async function writeAssignments(
  db: Queryable,
  campaignId: string,
  edits: Comparison['assignments'],
): Promise<void> {
  const wanted = kept(edits);
  if (wanted.length > 0 && (await upsertConfigAssignments(db, campaignId, wanted)) !== wanted.length)
    throw changedMeanwhile("an assignment's id was taken");
  const removed = gone(edits);
  if (removed.length > 0) await removeConfigAssignments(db, removed);
}

async function writeNumbers(db: Queryable, campaignId: string, edits: Comparison['numbers']): Promise<void> {
  const wanted = kept(edits);
  if (wanted.length > 0 && (await upsertConfigNumbers(db, campaignId, wanted)) !== wanted.length)
    throw changedMeanwhile('a number was given to an active campaign');
  const released = gone(edits);
  if (released.length > 0) await releaseConfigNumbers(db, campaignId, released);
}

async function writeLimits(db: Queryable, edits: Comparison['limits']): Promise<void> {
  // First what goes: one that takes its place may be among the new ones.
  const removed = gone(edits);
  if (removed.length > 0) await deleteConfigLimits(db, removed);
  const wanted = kept(edits);
  if (wanted.length > 0) await upsertConfigLimits(db, wanted);
}

async function writeGoal(db: Queryable, campaignId: string, edit: Comparison['goal']): Promise<void> {
  if (edit === null) return;
  if (edit.after === null) await deleteGoal(db, campaignId);
  else await putGoal(db, campaignId, edit.after);
}

function changedMeanwhile(what: string): Problem {
  return new Problem(
    'conflict',
    `While the document was applied, ${what}: nothing was changed, apply it again`,
  );
}

async function writeVersion<T>(
  db: Queryable,
  kind: VersionedKind,
  campaignId: string,
  edit: Edit<T> | null,
  actor: string,
): Promise<void> {
  if (edit === null) return;
  if (edit.after === null) return setCurrentVersion(db, kind, campaignId, null);
  const { version } = await insertVersion(db, kind, {
    campaignId,
    definition: edit.after,
    publishedBy: actor,
    note: NOTE,
    reverts: null,
  });
  await setCurrentVersion(db, kind, campaignId, version);
}

function auditOf(campaignId: string, comparison: Comparison, next: NextVersions): NewAuditEntry[] {
  const { campaign, publishers, buyers, assignments, numbers, limits, goal, plan, flow } = comparison;
  const entries = <T>(entity: string, edits: readonly Edit<T>[], campaign: string | null): NewAuditEntry[] =>
    edits.map(({ id, before, after }) => ({
      action: before === null ? 'create' : after === null ? 'delete' : 'update',
      entity,
      entityId: id,
      campaignId: campaign,
      before,
      after,
    }));
  const version = <T>(entity: string, edit: Edit<T> | null, number: number): NewAuditEntry[] =>
    edit === null
      ? []
      : [
          {
            action: edit.after === null ? 'remove' : 'publish',
            entity,
            entityId: campaignId,
            campaignId,
            before: edit.before === null ? null : { version: Number(edit.id), definition: edit.before },
            after: edit.after === null ? null : { version: number, note: NOTE, definition: edit.after },
          },
        ];
  return [
    ...entries('publisher', publishers, null),
    ...entries('buyer', buyers, null),
    ...entries('assignment', assignments, campaignId),
    ...numbers.map(
      ({ id, before, after }): NewAuditEntry => ({
        action: before === null ? 'create' : 'update',
        entity: 'number',
        entityId: id,
        campaignId,
        before,
        // A number that the document leaves out is released, not deleted.
        after: after ?? (before === null ? null : { ...before, campaignId: null }),
      }),
    ),
    ...limits.flatMap((edit) => entries('limit', [edit], campaignOf(edit, campaignId))),
    ...entries('goal', goal === null ? [] : [goal], campaignId),
    ...version('routing_plan', plan, next.plan),
    ...version('ivr_flow', flow, next.flow),
    ...entries('campaign', campaign === null ? [] : [campaign], campaignId),
  ];
}

/** A limit on what other campaigns use too concerns more than this one. */
function campaignOf({ before, after }: Edit<ConfigLimit>, campaignId: string): string | null {
  const kind = (after ?? before)?.scope.kind;
  return kind === 'campaign' || kind === 'assignment' ? campaignId : null;
}
