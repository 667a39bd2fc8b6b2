import type { DuplicateMatch } from '../campaign/duplicates';
import type { Bid } from '../campaign/price';
import type { ConditionContext } from '../condition-truth';
import type { AssignmentId, BuyerId } from '../ids';
import { Answers } from './questions';
import type { PreparedPrice, Roster } from './roster';
import type { Skipped } from './skip';
import type { RoutableAssignment } from './snapshot';

/** Why an assignment does not get a call, whatever rule names it. */
export type Refusal = Omit<Skipped, 'assignmentId'>;

const ALREADY_TRIED: Refusal = { reason: 'already_tried' };
const PAUSED: Refusal = { reason: 'paused' };
const BUYER_CLOSED: Refusal = { reason: 'closed', detail: "the buyer's hours" };
const CLOSED: Refusal = { reason: 'closed', detail: "the assignment's hours" };
const FILTERED: Refusal = { reason: 'filtered' };
const NO_BID: Refusal = { reason: 'no_bid' };
const DUPLICATE: Refusal = { reason: 'duplicate', detail: 'its buyer had this caller before' };

/**
 * Holds assignments against one call. Each is looked at once, when the first rule that names it asks: hours, filter
 * and price do not depend on the rule.
 */
export class Eligibility {
  private readonly answers: Answers;
  private readonly verdicts: (Bid | Refusal | undefined)[] = [];
  private readonly excludedBuyers: ReadonlySet<BuyerId>;

  constructor(
    private readonly assignments: readonly RoutableAssignment[],
    private readonly roster: Roster,
    context: ConditionContext,
    alreadyTried: readonly AssignmentId[],
    duplicate: DuplicateMatch | null,
  ) {
    this.answers = new Answers(roster.questions, context);
    const tried = alreadyTried.flatMap((id) => roster.indexOf.get(id) ?? []);
    this.excludedBuyers = new Set(duplicate?.treatment === 'different_buyer' ? duplicate.buyerIds : []);
    for (let index = 0; index < assignments.length; index++) this.verdicts.push(undefined);
    for (const index of tried) this.verdicts[index] = ALREADY_TRIED;
  }

  /** What the assignment at `index` bids for the call; `null`: it does not get it. */
  bidOf(index: number): Bid | null {
    let verdict = this.verdicts[index];
    if (verdict === undefined) {
      verdict = this.judge(index);
      this.verdicts[index] = verdict;
    }
    return 'reason' in verdict ? null : verdict;
  }

  /** Why the assignment at `index` does not get the call; `null`: no rule asked for it, or it may. */
  refusalOf(index: number): Refusal | null {
    const verdict = this.verdicts[index];
    return verdict !== undefined && 'reason' in verdict ? verdict : null;
  }

  private judge(index: number): Bid | Refusal {
    const { answers, roster } = this;
    const prepared = roster.all[index];
    if (prepared === undefined) throw new RangeError(`There is no assignment ${index} in this campaign`);
    const { paused, hours, buyerHours, filter, price } = prepared;
    if (paused) return PAUSED;
    if (buyerHours !== null && !answers.isOpen(buyerHours)) return BUYER_CLOSED;
    if (hours !== null && !answers.isOpen(hours)) return CLOSED;
    if (filter !== null && !answers.isTrue(filter)) return FILTERED;
    const bid = this.bidFor(price);
    if (bid === null) return NO_BID;
    return this.hadCaller(index) ? DUPLICATE : bid;
  }

  private bidFor({ rates, otherwise }: PreparedPrice): Bid | null {
    for (const { when, bid } of rates) if (this.answers.isTrue(when)) return bid;
    return otherwise;
  }

  private hadCaller(index: number): boolean {
    if (this.excludedBuyers.size === 0) return false;
    const buyer = this.assignments[index]?.buyerId;
    return buyer !== undefined && this.excludedBuyers.has(buyer);
  }
}
