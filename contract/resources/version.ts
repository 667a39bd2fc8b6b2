import { z } from 'zod';
import { FLOW_PROBLEMS, type FlowProblem, type FlowProblemCode } from '../../domain/ivr/validate';
import { flowOperationsSchema } from '../flow-operations';
import { flowSchema } from '../flow';
import { pageQuery } from '../page';
import { differenceSchema } from '../patch';
import { planSchema } from '../plan';
import { campaignIdSchema, instantSchema, revisionSchema } from './ids';

/*
 * Drafts and versions of routing plans and IVR flows. A draft is edited; publishing makes an immutable, numbered
 * version of it, which new calls get at once.
 */

export const versionNumberSchema = z.int().min(1).max(2_147_483_647);
const numberInPath = z.coerce.number().pipe(versionNumberSchema);
export const noteSchema = z.string().trim().max(500);

/** Something about a document that somebody should know before it is published. */
export const documentProblemSchema = z.strictObject({
  /** What is wrong, for programs; of a plan: `unknown_assignment`. */
  code: z.string(),
  /** With an error it cannot be published. */
  severity: z.enum(['error', 'warning']),
  /** JSON Pointer into the document. */
  pointer: z.string(),
  message: z.string(),
});
export type DocumentProblem = z.infer<typeof documentProblemSchema>;

export const flowProblemSchema = documentProblemSchema.extend({
  code: z.enum(Object.keys(FLOW_PROBLEMS) as [FlowProblemCode, ...FlowProblemCode[]]),
  /** `null`: the flow as a whole. */
  nodeId: z.string().nullable(),
}) satisfies z.ZodType<FlowProblem>;

function draftSchema<D extends z.ZodType, P extends z.ZodType>(definition: D, problem: P) {
  return z.strictObject({
    campaignId: campaignIdSchema,
    /** The version the edit began from; `null`: none was there. */
    basedOn: versionNumberSchema.nullable(),
    revision: revisionSchema,
    updatedAt: instantSchema,
    definition,
    /** What stands against publishing it, and what somebody should look at. */
    problems: z.array(problem),
  });
}
export const planDraftSchema = draftSchema(planSchema, documentProblemSchema);
export const flowDraftSchema = draftSchema(flowSchema, flowProblemSchema);

export const versionHeadSchema = z.strictObject({
  version: versionNumberSchema,
  publishedAt: instantSchema,
  /** `admin`, or `admin (name)` as the request said. */
  publishedBy: z.string(),
  note: z.string(),
  /** The older version that this one repeats; `null`: it is new. */
  reverts: versionNumberSchema.nullable(),
  /** Whether new calls get it. */
  current: z.boolean(),
});
export type VersionHead = z.infer<typeof versionHeadSchema>;

export const planVersionSchema = versionHeadSchema.extend({ definition: planSchema });
export const flowVersionSchema = versionHeadSchema.extend({ definition: flowSchema });

/** A version as it was published just now, with what its validator would have somebody look at. */
export const publishedPlanSchema = planVersionSchema.extend({ warnings: z.array(documentProblemSchema) });
export const publishedFlowSchema = flowVersionSchema.extend({ warnings: z.array(flowProblemSchema) });

export const publishSchema = z.strictObject({
  /** For those who read the list of versions. */
  note: noteSchema.default(''),
  activate: z
    .boolean()
    .default(true)
    .describe('`false`: the version is made, and new calls keep the one they get: a migration can go to it.'),
});

export const revertSchema = z.strictObject({
  /** The old version, which is published again under the next number. */
  version: versionNumberSchema,
  note: noteSchema.default(''),
});

const side = z.union([z.literal('draft'), numberInPath], 'must be a version number, or draft');
export const diffQuerySchema = z.strictObject({
  /** A version, or `draft`. */
  from: side,
  /** A version, or `draft`. */
  to: side,
});

export const versionListQuerySchema = z.strictObject({ ...pageQuery });

export const versionParamsSchema = z.strictObject({ id: campaignIdSchema, version: numberInPath });

export const versionDiffSchema = differenceSchema.extend({
  from: z.union([z.literal('draft'), versionNumberSchema]),
  to: z.union([z.literal('draft'), versionNumberSchema]),
});

export const flowEditSchema = z.strictObject({
  /** Applied in order, all of them or none. */
  operations: flowOperationsSchema,
});

export const flowValidationSchema = z.strictObject({
  /** Left out: the draft. */
  flow: flowSchema.optional(),
});

export const flowValidatedSchema = z.strictObject({
  /** Whether it could be published as it is. */
  publishable: z.boolean(),
  problems: z.array(flowProblemSchema),
});
