import type { DocumentProblem } from '../../contract/resources/version';
import type { Queryable } from '../../db/pool';
import type { NewAuditEntry } from '../../db/queries/audit';
import {
  deleteDraft,
  findDraft,
  findVersion,
  insertVersion,
  lockVersionedCampaign,
  saveDraft,
  setCurrentVersion,
  type DraftRow,
  type VersionedCampaignRow,
  type VersionHeadRow,
  type VersionRow,
} from '../../db/queries/versions';
import type { CampaignId } from '../../domain/ids';
import { difference } from '../difference';
import { requirePlanAtRest } from '../migrations/campaign-changes';
import { Problem } from '../problems';
import type { Draft, Published, Version, Versioned } from './kinds';

/*
 * What may be done to drafts and versions. Everything holds the campaign's row first: whoever comes second sees what
 * the first one left, be it a draft, its absence, or the last number.
 */

export function noCampaign(id: string): Problem {
  return new Problem('not_found', `There is no campaign ${id}`);
}

/** @throws Problem `not_found` */
export async function lockCampaign<D, P extends DocumentProblem>(
  db: Queryable,
  { kind }: Versioned<D, P>,
  id: string,
): Promise<VersionedCampaignRow> {
  const campaign = await lockVersionedCampaign(db, kind, id);
  if (campaign === null) throw noCampaign(id);
  return campaign;
}

export function noDraft<D, P extends DocumentProblem>(versioned: Versioned<D, P>, id: string): Problem {
  return new Problem(
    'not_found',
    `Nothing is being edited in ${id}: PUT a ${versioned.noun} to /campaigns/${id}/${versioned.kind}/draft to begin`,
  );
}

export function presentHead(row: VersionHeadRow, current: number | null): Omit<Version<never>, 'definition'> {
  return {
    version: row.version,
    publishedAt: row.published_at,
    publishedBy: row.published_by,
    note: row.note,
    reverts: row.reverts,
    current: row.version === current,
  };
}

/** @throws ZodError when the database holds what no edit could have written */
export function presentVersion<D, P extends DocumentProblem>(
  { schema }: Versioned<D, P>,
  row: VersionRow,
  current: number | null,
): Version<D> {
  return { ...presentHead(row, current), definition: schema.parse(row.definition) };
}

export async function presentDraft<D, P extends DocumentProblem>(
  db: Queryable,
  versioned: Versioned<D, P>,
  id: CampaignId,
  row: DraftRow,
): Promise<Draft<D, P>> {
  const definition = versioned.schema.parse(row.definition);
  return {
    campaignId: id,
    basedOn: row.based_on,
    revision: row.revision,
    updatedAt: row.updated_at,
    definition,
    problems: await versioned.problemsOf(db, id, definition),
  };
}

export interface Edited<D, P> {
  readonly draft: Draft<D, P>;
  readonly created: boolean;
  readonly audit: readonly NewAuditEntry[];
}

/** Who edits, and from which revision they think they do. */
export interface EditRequest {
  readonly db: Queryable;
  readonly id: CampaignId;
  /** @throws Problem `stale_revision` */
  readonly requireRevision: (current: number) => void;
}

/**
 * Makes the draft what `edit` makes of it. A draft begins at the version that calls get today.
 * @param edit gets the draft, else the current version, else `null`
 * @param remark what the audit trail is told beside the draft
 */
export async function editDraft<D, P extends DocumentProblem>(
  versioned: Versioned<D, P>,
  { db, id, requireRevision }: EditRequest,
  edit: (from: D | null) => D,
  remark: Readonly<Record<string, unknown>> = {},
): Promise<Edited<D, P>> {
  const { kind, schema, entity } = versioned;
  const campaign = await lockCampaign(db, versioned, id);
  refuseArchived(campaign);
  const before = await findDraft(db, kind, id);
  // No draft has the revision 0: whoever read one that is gone by now is told so.
  requireRevision(before?.revision ?? 0);
  const basis =
    before ?? (campaign.current === null ? null : await findVersion(db, kind, id, campaign.current));
  const from = basis === null ? null : schema.parse(basis.definition);
  const definition = edit(from);
  if (before !== null && from !== null && difference(from, definition).patch.length === 0) {
    return { draft: await presentDraft(db, versioned, id, before), created: false, audit: [] };
  }
  const row = await saveDraft(db, kind, { campaignId: id, definition, basedOn: campaign.current });
  return {
    draft: await presentDraft(db, versioned, id, row),
    created: before === null,
    audit: [
      {
        action: before === null ? 'create' : 'update',
        entity: `${entity}_draft`,
        entityId: id,
        campaignId: id,
        before: before === null ? null : auditedDraft(before),
        after: { ...auditedDraft(row), ...remark },
      },
    ],
  };
}

function auditedDraft({ definition, based_on, revision }: DraftRow): Record<string, unknown> {
  return { basedOn: based_on, revision, definition };
}

/** Gives up what is being edited. @throws Problem `not_found`, `stale_revision` */
export async function discardDraft<D, P extends DocumentProblem>(
  versioned: Versioned<D, P>,
  { db, id, requireRevision }: EditRequest,
): Promise<readonly NewAuditEntry[]> {
  await lockCampaign(db, versioned, id);
  const before = await findDraft(db, versioned.kind, id);
  if (before === null) throw noDraft(versioned, id);
  requireRevision(before.revision);
  await deleteDraft(db, versioned.kind, id);
  return [
    {
      action: 'delete',
      entity: `${versioned.entity}_draft`,
      entityId: id,
      campaignId: id,
      before: auditedDraft(before),
      after: null,
    },
  ];
}

export interface PublishRequest extends EditRequest {
  readonly actor: string;
  readonly note: string;
  /** Whether new calls get it. */
  readonly activate: boolean;
}

export interface PublishedNow<D, P> {
  readonly published: Published<D, P>;
  readonly audit: readonly NewAuditEntry[];
}

/**
 * Makes the draft the next version, and gives it to new calls if it is to be activated.
 * @throws Problem `conflict` when nothing is being edited, or a migration moves calls between plans; `unprocessable`, by pointer into the draft
 */
export async function publishDraft<D, P extends DocumentProblem>(
  versioned: Versioned<D, P>,
  request: PublishRequest,
): Promise<PublishedNow<D, P>> {
  const { db, id, requireRevision } = request;
  const campaign = await lockCampaign(db, versioned, id);
  const draft = await findDraft(db, versioned.kind, id);
  if (draft === null) {
    throw new Problem(
      'conflict',
      `There is no draft to publish: it was published or discarded before, or never begun. PUT one to /campaigns/${id}/${versioned.kind}/draft`,
    );
  }
  requireRevision(draft.revision);
  const published = await publish(versioned, request, campaign, {
    definition: versioned.schema.parse(draft.definition),
    reverts: null,
  });
  await deleteDraft(db, versioned.kind, id);
  return published;
}

/**
 * Publishes an old version again, as the next one. A draft stays what it is.
 * @throws Problem `not_found`; `conflict` when it is current; `unprocessable` when it would not fit any more
 */
export async function revertTo<D, P extends DocumentProblem>(
  versioned: Versioned<D, P>,
  request: PublishRequest,
  version: number,
): Promise<PublishedNow<D, P>> {
  const { db, id } = request;
  const campaign = await lockCampaign(db, versioned, id);
  const old = await findVersion(db, versioned.kind, id, version);
  if (old === null) throw noVersion(versioned, id, version);
  if (campaign.current === version)
    throw new Problem('conflict', `Version ${version} is the current one: there is nothing to go back to`);
  return publish(versioned, request, campaign, {
    definition: versioned.schema.parse(old.definition),
    reverts: version,
  });
}

export function noVersion<D, P extends DocumentProblem>(
  { noun }: Versioned<D, P>,
  id: string,
  version: number,
): Problem {
  return new Problem('not_found', `There is no version ${version} of the ${noun} of ${id}`);
}

async function publish<D, P extends DocumentProblem>(
  versioned: Versioned<D, P>,
  { db, id, actor, note, activate }: PublishRequest,
  campaign: VersionedCampaignRow,
  { definition, reverts }: { readonly definition: D; readonly reverts: number | null },
): Promise<PublishedNow<D, P>> {
  refuseArchived(campaign);
  if (activate && versioned.kind === 'plan') await requirePlanAtRest(db, id);
  const problems = await versioned.problemsOf(db, id, definition);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    throw new Problem(
      'unprocessable',
      `The ${versioned.noun} cannot be published: ${errors.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`).join('; ')}`,
      errors.map(({ pointer, message }) => ({ pointer, message })),
    );
  }
  const row = await insertVersion(db, versioned.kind, {
    campaignId: id,
    definition,
    publishedBy: actor,
    note,
    reverts,
  });
  if (activate) await setCurrentVersion(db, versioned.kind, id, row.version);
  // One that calls do not get takes nothing's place.
  const before =
    !activate || campaign.current === null
      ? null
      : await findVersion(db, versioned.kind, id, campaign.current);
  const current = activate ? row.version : campaign.current;
  return {
    published: { ...presentVersion(versioned, row, current), warnings: problems },
    audit: [
      {
        action: reverts === null ? 'publish' : 'revert',
        entity: versioned.entity,
        entityId: id,
        campaignId: id,
        before: before === null ? null : auditedVersion(before),
        after: auditedVersion(row),
      },
    ],
  };
}

export function auditedVersion({ version, note, reverts, definition }: VersionRow): Record<string, unknown> {
  return { version, note, reverts, definition };
}

function refuseArchived({ id, status }: VersionedCampaignRow): void {
  if (status === 'archived')
    throw new Problem(
      'conflict',
      `${id} is archived, which is for ever: it takes no more calls and no edits`,
    );
}
