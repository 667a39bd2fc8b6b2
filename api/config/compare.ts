import type {
  ConfigAssignment,
  ConfigBuyer,
  ConfigCampaign,
  ConfigDocument,
  ConfigNumber,
  ConfigPublisher,
} from '../../contract/config-document';
import type { GoalSettings } from '../../contract/resources/goal';
import type { ConfigLimit } from '../../contract/resources/limit';
import type { FieldError } from '../../contract/problem';
import type { CampaignStatus } from '../../domain/campaign/status';
import type { Flow } from '../../domain/ivr/flow';
import type { RoutingPlan } from '../../domain/routing/plan';
import { difference } from '../difference';
import { limitObstacles, limitSides } from './limits';
import { assignmentOf, numberOf, type ConfigState, type StoredVersion } from './state';

/** One thing that is not as the document says. `before: null`: it is not there; `after: null`: it has to go. */
export interface Edit<T> {
  readonly id: string;
  readonly before: T | null;
  readonly after: T | null;
}

export type SettledCampaign = ConfigCampaign & { readonly status: CampaignStatus };
export type OwnedNumber = ConfigNumber & { readonly campaignId: string | null };

/** What has to be done so that the database says what a document says. */
export interface Comparison {
  readonly campaign: Edit<SettledCampaign> | null;
  readonly publishers: readonly Edit<ConfigPublisher>[];
  readonly buyers: readonly Edit<ConfigBuyer>[];
  readonly assignments: readonly Edit<ConfigAssignment>[];
  readonly numbers: readonly Edit<OwnedNumber>[];
  readonly limits: readonly Edit<ConfigLimit>[];
  readonly goal: Edit<GoalSettings> | null;
  readonly plan: Edit<RoutingPlan> | null;
  readonly flow: Edit<Flow> | null;
}

/** Compares; says nothing about whether it may be done: see {@link findObstacles}. */
export function compareWithState(document: ConfigDocument, state: ConfigState): Comparison {
  const campaignId = document.campaign.id;
  const wantedNumbers = new Map(
    document.numbers.map((number): [string, OwnedNumber] => [number.number, { ...number, campaignId }]),
  );
  const presentNumbers = new Map(
    [...state.numbers].map(([key, number]): [string, OwnedNumber] => [
      key,
      { ...numberOf(number), campaignId: number.campaignId },
    ]),
  );
  const ownAssignments = [...state.assignments].filter(
    ([, assignment]) => assignment.campaignId === campaignId && !assignment.removed,
  );
  return {
    campaign: edit(campaignId, state.campaign, settle(document.campaign, state)),
    // Shared with other campaigns: never taken away from here.
    publishers: edits(state.publishers, byId(document.publishers)).filter(({ after }) => after !== null),
    buyers: edits(state.buyers, byId(document.buyers)).filter(({ after }) => after !== null),
    assignments: edits(
      new Map(ownAssignments.map(([key, assignment]) => [key, assignmentOf(assignment)])),
      byId(document.assignments),
    ),
    numbers: edits(presentNumbers, wantedNumbers).filter(
      ({ before, after }) => after !== null || before?.campaignId === campaignId,
    ),
    limits: edits(...limitSides(document, state.limits)),
    goal: document.goal === undefined ? null : edit(campaignId, state.goal, document.goal),
    plan: versionEdit(state.plan, document.plan),
    flow: versionEdit(state.flow, document.flow),
  };
}

/** The campaign as the document wants it: a status that is left out stays what it is. */
function settle(campaign: ConfigCampaign, state: ConfigState): SettledCampaign {
  return { ...campaign, status: campaign.status ?? state.campaign?.status ?? 'draft' };
}

function byId<T extends { readonly id: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

function edit<T>(id: string, before: T | null, after: T | null): Edit<T> | null {
  if (before === null && after === null) return null;
  if (before !== null && after !== null && difference(before, after).patch.length === 0) return null;
  return { id, before, after };
}

/** In the order of the document, then what is to go. */
function edits<T>(present: ReadonlyMap<string, T>, wanted: ReadonlyMap<string, T>): Edit<T>[] {
  const keys = new Set([...wanted.keys(), ...present.keys()]);
  return [...keys].flatMap((key) => edit(key, present.get(key) ?? null, wanted.get(key) ?? null) ?? []);
}

function versionEdit<T>(current: StoredVersion<T> | null, wanted: T | null): Edit<T> | null {
  return edit(current === null ? '' : String(current.version), current?.definition ?? null, wanted);
}

/** Why a document cannot be applied. A conflict is about something else that is there, and may pass. */
export interface Obstacle extends FieldError {
  readonly conflict: boolean;
}

/** What stands against applying a document, by the field of it that has to change; empty: nothing does. */
export function findObstacles(
  document: ConfigDocument,
  state: ConfigState,
  comparison: Comparison = compareWithState(document, state),
): readonly Obstacle[] {
  if (state.campaign?.status === 'archived') return archivedObstacles(comparison);
  return [
    ...campaignObstacles(document, state),
    ...numberObstacles(document, state),
    ...assignmentObstacles(document, state),
    ...limitObstacles(document, state.limits, comparison.limits),
  ];
}

function archivedObstacles(comparison: Comparison): readonly Obstacle[] {
  const changes = Object.values(comparison).some((edits) =>
    Array.isArray(edits) ? edits.length > 0 : edits !== null,
  );
  return changes
    ? [
        wrong(
          '/campaign/status',
          'cannot change, and nothing else can: the campaign is archived, which is for ever',
        ),
      ]
    : [];
}

function* campaignObstacles(document: ConfigDocument, state: ConfigState): Generator<Obstacle> {
  const before = state.campaign;
  const { status } = settle(document.campaign, state);
  if (before !== null && !mayBecome(before.status, status)) {
    yield wrong(
      '/campaign/status',
      `cannot be draft again: the campaign is ${before.status}; pause or archive it`,
    );
  }
  if (before !== null && before.status !== 'draft' && before.currency !== document.campaign.currency) {
    yield wrong('/campaign/currency', `has to stay ${before.currency}: the campaign is no draft any more`);
  }
  // A draft that never had a plan can be archived: see campaigns_have_a_plan.
  if (document.plan === null && status !== 'draft' && status !== 'archived') {
    yield wrong('/plan', `is missing: a campaign that is ${status} needs a plan`);
  }
}

/** A draft goes on to anything; nothing becomes a draft again; archived is for ever (docs/api.md). */
function mayBecome(before: CampaignStatus, after: CampaignStatus): boolean {
  return before === after || (before !== 'archived' && after !== 'draft');
}

function* numberObstacles(document: ConfigDocument, state: ConfigState): Generator<Obstacle> {
  const publishers = new Set([...state.publishers.keys(), ...document.publishers.map(({ id }) => id)]);
  for (const [index, { number, publisherId }] of document.numbers.entries()) {
    const stored = state.numbers.get(number);
    if (stored?.campaignStatus === 'active' && stored.campaignId !== document.campaign.id) {
      yield {
        pointer: `/numbers/${index}/number`,
        message: `belongs to ${stored.campaignId}, which is active: pause that campaign, or apply its own document without the number, first`,
        conflict: true,
      };
    }
    if (publisherId !== null && !publishers.has(publisherId)) {
      yield wrong(`/numbers/${index}/publisherId`, `is unknown: add ${publisherId} to the publishers`);
    }
  }
}

function* assignmentObstacles(document: ConfigDocument, state: ConfigState): Generator<Obstacle> {
  const buyers = new Set([...state.buyers.keys(), ...document.buyers.map(({ id }) => id)]);
  for (const [index, { id, buyerId }] of document.assignments.entries()) {
    const stored = state.assignments.get(id);
    if (stored !== undefined && stored.campaignId !== document.campaign.id) {
      yield wrong(`/assignments/${index}/id`, `belongs to ${stored.campaignId}: choose another id`);
    } else if (stored !== undefined && stored.buyerId !== buyerId) {
      yield wrong(
        `/assignments/${index}/buyerId`,
        `cannot change: ${id} is the place of ${stored.buyerId}; give the new buyer's place an id of its own`,
      );
    }
    if (!buyers.has(buyerId)) {
      yield wrong(`/assignments/${index}/buyerId`, `is unknown: add ${buyerId} to the buyers`);
    }
  }
}

function wrong(pointer: string, message: string): Obstacle {
  return { pointer, message, conflict: false };
}
