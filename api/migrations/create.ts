import type { FieldError } from '../../contract/problem';
import type { CreatedMigration, NewMigration, NewMigrationKind } from '../../contract/resources/migration';
import type { DocumentProblem } from '../../contract/resources/version';
import { findAssignment, type AssignmentRow } from '../../db/queries/assignments';
import { findCampaign, type CampaignRow } from '../../db/queries/campaigns';
import { lockCampaignsOf } from '../../db/queries/lockOrder';
import { claimTraffic, insertMigration } from '../../db/queries/migrations';
import { findVersion } from '../../db/queries/versions';
import type { Queryable } from '../../db/pool';
import { unreachable } from '../../domain/exhaustive';
import type { BuyerId, CampaignId, MigrationId } from '../../domain/ids';
import { campaignsOf, type BuyerSide, type MigrationKind } from '../../domain/migration/plan';
import { validateMigration, type MigrationProblem } from '../../domain/migration/problems';
import { newMigration } from '../../domain/migration/state';
import { newId } from '../http/edit';
import { Problem } from '../problems';
import { PLANS } from '../versions/kinds';
import { dividedCampaign, planOf, presentMigration, type StoredSettings } from './present';

/** What a migration names, as it stands under the locks of its campaigns; and what somebody should look at. */
interface Found {
  readonly kind: MigrationKind;
  readonly warnings: readonly DocumentProblem[];
}

/**
 * Puts a migration on record, and speaks for the traffic it is about. No caller is moved before it is started.
 * @throws Problem `unprocessable`, by field; `conflict` when another migration has the traffic
 */
export async function createMigration(db: Queryable, asked: NewMigration): Promise<CreatedMigration> {
  const campaigns = namedCampaigns(asked.kind);
  await lockCampaignsOf(db, { campaigns, buyers: [], numbers: [] });
  const { kind, warnings } = await findSides(db, asked.kind);
  const plan = planOf(asked);
  const problems = validateMigration(kind, plan);
  refuse(problems.filter(({ severity }) => severity === 'error').map(asFieldError));

  const id = asked.id ?? newId<MigrationId>('mig');
  const state = newMigration(id, kind, plan);
  const settings: StoredSettings = { notifyUrl: asked.notifyUrl };
  const row = await insertMigration(db, {
    id,
    name: asked.name,
    kind: kind.kind,
    campaignId: dividedCampaign(kind),
    controlAssignmentId: asked.kind.kind === 'buyer' ? asked.kind.controlAssignmentId : null,
    challengerAssignmentId: asked.kind.kind === 'buyer' ? asked.kind.challengerAssignmentId : null,
    controlVersion: kind.kind === 'plan' ? kind.controlVersion : null,
    challengerVersion: kind.kind === 'plan' ? kind.challengerVersion : null,
    challengerCampaignId: kind.kind === 'campaign' ? kind.challengerCampaignId : null,
    settings,
    status: state.phase.name,
    state,
  });
  const [other] = await claimTraffic(db, id, campaignsOf(kind));
  if (other !== undefined) {
    throw new Problem(
      'conflict',
      `The calls of ${other.campaign_id} are moved by another migration, "${other.name}" (${other.id}): wait for its end, or abort it`,
      [{ pointer: '/kind', message: `is about calls that migration ${other.id} moves` }],
    );
  }
  const remarks = problems.map(({ code, severity, message, pointer }) => ({
    code,
    severity,
    message,
    pointer: pointerInBody(pointer),
  }));
  return { ...presentMigration(row), warnings: [...warnings, ...remarks] };
}

function namedCampaigns(kind: NewMigrationKind): readonly CampaignId[] {
  return kind.kind === 'campaign' ? [kind.controlCampaignId, kind.challengerCampaignId] : [kind.campaignId];
}

function refuse(errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  const named = errors.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`).join('; ');
  throw new Problem('unprocessable', `The migration cannot be made: ${named}`, errors);
}

function asFieldError({ pointer, message }: MigrationProblem): FieldError {
  return { pointer: pointerInBody(pointer), message };
}

/** From a pointer into what the rules reckon with to the field of the body it came from. */
function pointerInBody(pointer: string): string {
  return pointer
    .replace(/^\/plan\//, '/')
    .replace(/^\/(steps\/\d+)\/shareBasisPoints$/, '/$1/sharePercent')
    .replace(/^\/kind\/(control|challenger)\/(?:buyerId|assignmentIds.*)$/, '/kind/$1AssignmentId');
}

async function findSides(db: Queryable, kind: NewMigrationKind): Promise<Found> {
  switch (kind.kind) {
    case 'buyer':
      return findBuyers(db, kind);
    case 'plan':
      return findVersions(db, kind);
    case 'campaign':
      return findCampaigns(db, kind);
    default:
      return unreachable(kind);
  }
}

async function findBuyers(
  db: Queryable,
  {
    campaignId,
    controlAssignmentId,
    challengerAssignmentId,
  }: Extract<NewMigrationKind, { readonly kind: 'buyer' }>,
): Promise<Found> {
  const campaign = await findCampaign(db, campaignId);
  refuse(campaignErrors(campaign, '/kind/campaignId'));
  const control = await findAssignment(db, controlAssignmentId);
  const challenger = await findAssignment(db, challengerAssignmentId);
  refuse([
    ...placeErrors(control, campaignId, '/kind/controlAssignmentId'),
    ...placeErrors(challenger, campaignId, '/kind/challengerAssignmentId'),
  ]);
  const paused: DocumentProblem = {
    code: 'paused_challenger',
    severity: 'warning',
    pointer: '/kind/challengerAssignmentId',
    message: 'Is paused and takes no calls: resume it before the migration starts',
  };
  return {
    kind: { kind: 'buyer', campaignId, control: sideOf(control), challenger: sideOf(challenger) },
    warnings: challenger?.paused === true ? [paused] : [],
  };
}

function sideOf(assignment: AssignmentRow | null): BuyerSide {
  if (assignment === null) throw new Error('An assignment that is missing was refused before');
  return {
    buyerId: assignment.buyer_id as BuyerId,
    assignmentIds: [assignment.id as BuyerSide['assignmentIds'][number]],
  };
}

function placeErrors(
  assignment: AssignmentRow | null,
  campaignId: string,
  pointer: string,
): readonly FieldError[] {
  if (assignment === null || assignment.campaign_id !== campaignId)
    return [{ pointer, message: `is no assignment of ${campaignId}` }];
  return assignment.removed_at === null ? [] : [{ pointer, message: 'is removed: use one that is there' }];
}

async function findVersions(
  db: Queryable,
  { campaignId, controlVersion, challengerVersion }: Extract<NewMigrationKind, { readonly kind: 'plan' }>,
): Promise<Found> {
  const campaign = await findCampaign(db, campaignId);
  refuse(campaignErrors(campaign, '/kind/campaignId'));
  const control = controlVersion ?? campaign?.plan_version ?? null;
  if (control === null) {
    throw new Problem('unprocessable', `${campaignId} has no published routing plan to move calls from`, [
      { pointer: '/kind/controlVersion', message: 'is missing, and nothing is published' },
    ]);
  }
  refuse([
    ...(await versionErrors(db, campaignId, control, '/kind/controlVersion')),
    ...(await versionErrors(db, campaignId, challengerVersion, '/kind/challengerVersion')),
  ]);
  refuse(await misfitsOf(db, campaignId, challengerVersion));
  const old: DocumentProblem = {
    code: 'control_not_current',
    severity: 'warning',
    pointer: '/kind/controlVersion',
    message: `Is not the version that calls get today: with the start, callers go back to version ${control}`,
  };
  return {
    kind: { kind: 'plan', campaignId, controlVersion: control, challengerVersion },
    warnings: control === campaign?.plan_version ? [] : [old],
  };
}

async function versionErrors(
  db: Queryable,
  campaignId: string,
  version: number,
  pointer: string,
): Promise<readonly FieldError[]> {
  if ((await findVersion(db, 'plan', campaignId, version)) !== null) return [];
  return [{ pointer, message: `is no version of the routing plan of ${campaignId}` }];
}

/** An old version may name who has left the campaign since: it could not be published any more. */
async function misfitsOf(
  db: Queryable,
  campaignId: CampaignId,
  version: number,
): Promise<readonly FieldError[]> {
  const row = await findVersion(db, 'plan', campaignId, version);
  const problems = await PLANS.problemsOf(db, campaignId, PLANS.schema.parse(row?.definition));
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return [];
  const named = errors.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`).join('; ');
  return [{ pointer: '/kind/challengerVersion', message: `does not fit the campaign any more: ${named}` }];
}

async function findCampaigns(
  db: Queryable,
  kind: Extract<NewMigrationKind, { readonly kind: 'campaign' }>,
): Promise<Found> {
  const control = await findCampaign(db, kind.controlCampaignId);
  const challenger = await findCampaign(db, kind.challengerCampaignId);
  const pointer = '/kind/challengerCampaignId';
  refuse([
    ...campaignErrors(control, '/kind/controlCampaignId'),
    ...campaignErrors(challenger, pointer),
    ...(challenger?.status === 'draft' ? [{ pointer, message: 'is a draft: activate it first' }] : []),
  ]);
  if (control?.currency !== challenger?.currency) {
    const message = `reckons in ${challenger?.currency}, and ${control?.id} in ${control?.currency}: use campaigns of one currency`;
    refuse([{ pointer, message }]);
  }
  return { kind, warnings: [] };
}

function campaignErrors(campaign: CampaignRow | null, pointer: string): readonly FieldError[] {
  if (campaign === null) return [{ pointer, message: 'is the id of no campaign' }];
  return campaign.status === 'archived' ? [{ pointer, message: 'is archived: it takes no calls' }] : [];
}
