import { pageSchema } from '../../contract/page';
import {
  diffQuerySchema,
  publishSchema,
  revertSchema,
  versionDiffSchema,
  versionHeadSchema,
  versionListQuerySchema,
  versionNumberSchema,
  versionParamsSchema,
  type DocumentProblem,
} from '../../contract/resources/version';
import type { Queryable } from '../../db/pool';
import { findDraft, findVersion, findVersionedCampaign, listVersions } from '../../db/queries/versions';
import { campaignParams } from '../campaigns/routes';
import { difference } from '../difference';
import { keyset } from '../http/cursor';
import { readRoute, writeRoute, type Route } from '../http/route';
import { Problem } from '../problems';
import {
  discardDraft,
  editDraft,
  noCampaign,
  noDraft,
  noVersion,
  presentDraft,
  presentHead,
  presentVersion,
  publishDraft,
  revertTo,
} from './edits';
import { FLOWS, PLANS, type Versioned } from './kinds';

/** Versions are listed newest first. */
const newestFirst = keyset(versionNumberSchema);

/** As large as 20,000 candidates with their conditions need. */
export const LARGEST_DOCUMENT = 10_000_000;

/** Drafts and versions of a kind: the same routes for plans and flows, whose documents they only hand on. */
function routesOf(versioned: Versioned<unknown, DocumentProblem>): readonly Route[] {
  const { kind, noun, tag, operation } = versioned;
  const path = `/campaigns/{id}/${kind}` as const;
  const params = campaignParams;
  const mustExist = async (db: Queryable, id: string): Promise<{ readonly current: number | null }> => {
    const campaign = await findVersionedCampaign(db, kind, id);
    if (campaign === null) throw noCampaign(id);
    return campaign;
  };
  return [
    readRoute({
      method: 'get',
      path,
      operationId: `get${operation}`,
      summary: `The ${noun} that new calls get`,
      tag,
      params,
      responses: { 200: { description: 'The current version.', body: versioned.versionSchema } },
      async handle({ db, params: { id } }) {
        const { current } = await mustExist(db, id);
        const row = current === null ? null : await findVersion(db, kind, id, current);
        if (row === null) throw new Problem('not_found', `${id} has no ${noun} at present`);
        return { status: 200, body: presentVersion(versioned, row, current) };
      },
    }),
    readRoute({
      method: 'get',
      path: `${path}/draft`,
      operationId: `get${operation}Draft`,
      summary: `The ${noun} that is being edited`,
      description: `404 when nothing is being edited: begin with the current version of the ${noun}, and PUT what you make of it.`,
      tag,
      params,
      revisioned: true,
      responses: { 200: { description: 'The draft.', body: versioned.draftSchema } },
      async handle({ db, params: { id } }) {
        await mustExist(db, id);
        const row = await findDraft(db, kind, id);
        if (row === null) throw noDraft(versioned, id);
        return { status: 200, body: await presentDraft(db, versioned, id, row), revision: row.revision };
      },
    }),
    writeRoute({
      method: 'put',
      path: `${path}/draft`,
      operationId: `put${operation}Draft`,
      summary: `Writes the draft of the ${noun}, as a whole`,
      description:
        'A draft may have problems, which its answer lists; a version may not. Calls never see a draft.',
      tag,
      params,
      body: versioned.schema,
      example: versioned.example,
      largestBody: LARGEST_DOCUMENT,
      revisioned: true,
      problems: ['conflict'],
      responses: {
        200: { description: 'The draft.', body: versioned.draftSchema },
        201: { description: 'The draft, which is new.', body: versioned.draftSchema },
      },
      async handle({ db, params: { id }, body, requireRevision }) {
        const { draft, created, audit } = await editDraft(versioned, { db, id, requireRevision }, () => body);
        const { revision } = draft;
        return created
          ? { status: 201, body: draft, revision, audit, location: `/campaigns/${id}/${kind}/draft` }
          : { status: 200, body: draft, revision, audit };
      },
    }),
    writeRoute({
      method: 'delete',
      path: `${path}/draft`,
      operationId: `delete${operation}Draft`,
      summary: `Discards the draft of the ${noun}`,
      tag,
      params,
      revisioned: true,
      responses: { 204: { description: 'It is gone.', body: null } },
      async handle({ db, params: { id }, requireRevision }) {
        return { status: 204, body: null, audit: await discardDraft(versioned, { db, id, requireRevision }) };
      },
    }),
    writeRoute({
      method: 'post',
      path: `${path}/publish`,
      operationId: `publish${operation}`,
      summary: `Publishes the draft of the ${noun} as the next version`,
      description:
        'New calls get it at once; calls in progress keep theirs. `If-Match` with the `ETag` of the draft publishes what you have seen, or nothing.',
      tag,
      params,
      body: publishSchema,
      revisioned: true,
      problems: ['conflict', 'unprocessable'],
      responses: { 201: { description: 'The new version.', body: versioned.publishedSchema } },
      async handle({ db, params: { id }, body: { note, activate }, actor, requireRevision }) {
        const { published, audit } = await publishDraft(versioned, {
          db,
          id,
          requireRevision,
          actor,
          note,
          activate,
        });
        return {
          status: 201,
          body: published,
          location: `/campaigns/${id}/${kind}/versions/${published.version}`,
          audit,
        };
      },
    }),
    readRoute({
      method: 'get',
      path: `${path}/versions`,
      operationId: `list${operation}Versions`,
      summary: `Versions of the ${noun}, newest first`,
      tag,
      params,
      query: versionListQuerySchema,
      responses: { 200: { description: 'A page of versions.', body: pageSchema(versionHeadSchema) } },
      async handle({ db, params: { id }, query: { cursor, limit } }) {
        const { current } = await mustExist(db, id);
        const rows = await listVersions(db, kind, {
          campaignId: id,
          below: newestFirst.read(cursor),
          limit: limit + 1,
        });
        return {
          status: 200,
          body: newestFirst.page(
            rows,
            limit,
            ({ version }) => version,
            (row) => presentHead(row, current),
          ),
        };
      },
    }),
    readRoute({
      method: 'get',
      path: `${path}/versions/{version}`,
      operationId: `get${operation}Version`,
      summary: `One version of the ${noun}`,
      tag,
      params: versionParamsSchema,
      responses: { 200: { description: 'The version.', body: versioned.versionSchema } },
      async handle({ db, params: { id, version } }) {
        const { current } = await mustExist(db, id);
        const row = await findVersion(db, kind, id, version);
        if (row === null) throw noVersion(versioned, id, version);
        return { status: 200, body: presentVersion(versioned, row, current) };
      },
    }),
    readRoute({
      method: 'get',
      path: `${path}/diff`,
      operationId: `diff${operation}`,
      summary: `What sets two versions of the ${noun} apart`,
      tag,
      params,
      query: diffQuerySchema,
      responses: {
        200: { description: 'An RFC 6902 patch, and the same in words.', body: versionDiffSchema },
      },
      async handle({ db, params: { id }, query: { from, to } }) {
        await mustExist(db, id);
        const [before, after] = await Promise.all([
          definitionOf(db, versioned, id, from),
          definitionOf(db, versioned, id, to),
        ]);
        return { status: 200, body: { from, to, ...difference(before, after) } };
      },
    }),
    writeRoute({
      method: 'post',
      path: `${path}/revert`,
      operationId: `revert${operation}`,
      summary: `Publishes an old version of the ${noun} again`,
      description:
        'It gets the next number and names the one it repeats: history is added to, never changed.',
      tag,
      params,
      body: revertSchema,
      example: { version: 3, note: 'the new menu lost callers' },
      problems: ['conflict', 'unprocessable'],
      responses: { 201: { description: 'The new version.', body: versioned.publishedSchema } },
      async handle({ db, params: { id }, body: { version, note }, actor, requireRevision }) {
        const request = { db, id, requireRevision, actor, note, activate: true };
        const { published, audit } = await revertTo(versioned, request, version);
        return {
          status: 201,
          body: published,
          location: `/campaigns/${id}/${kind}/versions/${published.version}`,
          audit,
        };
      },
    }),
  ];
}

/** One side of a comparison. @throws Problem `not_found` */
async function definitionOf(
  db: Queryable,
  versioned: Versioned<unknown, DocumentProblem>,
  id: string,
  side: 'draft' | number,
): Promise<unknown> {
  if (side === 'draft') {
    const draft = await findDraft(db, versioned.kind, id);
    if (draft === null) throw noDraft(versioned, id);
    return versioned.schema.parse(draft.definition);
  }
  const row = await findVersion(db, versioned.kind, id, side);
  if (row === null) throw noVersion(versioned, id, side);
  return versioned.schema.parse(row.definition);
}

export const planRoutes = routesOf(PLANS);
export const flowVersionRoutes = routesOf(FLOWS);
