import type { z } from 'zod';
import { flowSchema } from '../../contract/flow';
import { planSchema } from '../../contract/plan';
import {
  flowDraftSchema,
  flowVersionSchema,
  planDraftSchema,
  planVersionSchema,
  publishedFlowSchema,
  publishedPlanSchema,
  type DocumentProblem,
  type VersionHead,
} from '../../contract/resources/version';
import type { Queryable } from '../../db/pool';
import { listPresentAssignments, type VersionedKind } from '../../db/queries/versions';
import type { CampaignId } from '../../domain/ids';
import type { Flow } from '../../domain/ivr/flow';
import { validateFlow, type FlowProblem } from '../../domain/ivr/validate';
import type { RoutingPlan } from '../../domain/routing/plan';
import type { Tag } from '../http/route';

/** A draft as the API shows it. */
export interface Draft<D, P> {
  readonly campaignId: CampaignId;
  readonly basedOn: number | null;
  readonly revision: number;
  readonly updatedAt: string;
  readonly definition: D;
  readonly problems: readonly P[];
}

export type Version<D> = VersionHead & { readonly definition: D };
export type Published<D, P> = Version<D> & { readonly warnings: readonly P[] };

/**
 * Something a campaign has drafts and versions of. Plans and flows differ in nothing else: the routes are the same.
 * @typeParam D the document  @typeParam P what can be said against one
 */
export interface Versioned<D, P extends DocumentProblem> {
  readonly kind: VersionedKind;
  /** In sentences: `routing plan`. */
  readonly noun: string;
  /** In the audit trail. */
  readonly entity: string;
  readonly tag: Tag;
  /** In operation ids: `Plan`. */
  readonly operation: string;
  readonly schema: z.ZodType<D>;
  readonly draftSchema: z.ZodType<Draft<D, P>>;
  readonly versionSchema: z.ZodType<Version<D>>;
  readonly publishedSchema: z.ZodType<Published<D, P>>;
  readonly example: unknown;
  /** What stands against publishing a document in a campaign, and what somebody should look at. */
  problemsOf(db: Queryable, campaignId: string, definition: D): Promise<readonly P[]>;
}

const sorry = { text: 'All of our agents are busy. Please call again.', language: 'en-US' };

export const PLANS: Versioned<RoutingPlan, DocumentProblem> = {
  kind: 'plan',
  noun: 'routing plan',
  entity: 'routing_plan',
  tag: 'Routing plans',
  operation: 'Plan',
  schema: planSchema,
  draftSchema: planDraftSchema,
  versionSchema: planVersionSchema,
  publishedSchema: publishedPlanSchema,
  example: {
    rules: [
      {
        name: 'California',
        when: { kind: 'geography', field: 'state', in: ['CA'] },
        strategy: { kind: 'weighted' },
        candidates: [{ assignmentId: 'asg_alpha', weight: 3 }, { assignmentId: 'asg_bravo' }],
      },
      { name: 'everyone', strategy: { kind: 'waterfall' } },
    ],
    maxAttempts: 3,
    fallback: { kind: 'message', prompt: sorry },
  },
  problemsOf: async (db, campaignId, plan) => {
    const named = plan.rules.flatMap(({ candidates }) => candidates ?? []);
    if (named.length === 0) return [];
    const present = await listPresentAssignments(
      db,
      campaignId,
      named.map(({ assignmentId }) => assignmentId),
    );
    return plan.rules.flatMap(({ candidates }, rule) =>
      (candidates ?? []).flatMap(({ assignmentId }, place) =>
        present.has(assignmentId)
          ? []
          : [
              {
                code: 'unknown_assignment',
                severity: 'error' as const,
                pointer: `/rules/${rule}/candidates/${place}/assignmentId`,
                message: `${assignmentId} is no assignment of this campaign: add it, or take it out of the rule`,
              },
            ],
      ),
    );
  },
};

export const FLOWS: Versioned<Flow, FlowProblem> = {
  kind: 'flow',
  noun: 'IVR flow',
  entity: 'ivr_flow',
  tag: 'IVR flows',
  operation: 'Flow',
  schema: flowSchema,
  draftSchema: flowDraftSchema,
  versionSchema: flowVersionSchema,
  publishedSchema: publishedFlowSchema,
  example: {
    start: 'menu',
    nodes: {
      menu: {
        kind: 'menu',
        prompt: { text: 'For a quote, press 1. For anything else, press 2.', language: 'en-US' },
        options: [
          { digit: '1', tag: 'intent', value: 'quote', next: 'route' },
          { digit: '2', tag: 'intent', value: 'other', next: 'route' },
        ],
        noAnswer: 'bye',
      },
      route: { kind: 'route' },
      bye: { kind: 'hang_up', prompt: { text: 'Goodbye.', language: 'en-US' } },
    },
  },
  problemsOf: (_db, _campaignId, flow) => Promise.resolve(validateFlow(flow)),
};
