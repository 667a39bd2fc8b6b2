import type { Clock } from '../clock';
import type { Condition } from '../condition';
import { conditionTest, type ConditionContext, type ConditionTest } from '../condition-truth';
import { timetableOf, type Hours, type Timetable } from '../hours';

/** A condition or hours among the different ones of a campaign. */
export type QuestionNo = number;

/** A condition over others that are asked before it, by their numbers. */
type Question =
  | { readonly kind: 'ask'; readonly test: ConditionTest }
  | { readonly kind: 'all' | 'any'; readonly parts: readonly QuestionNo[] }
  | { readonly kind: 'not'; readonly part: QuestionNo };

/** The different conditions and hours of a campaign, each under a number. */
export interface Questions {
  readonly conditions: readonly Question[];
  readonly hours: readonly { readonly timeZone: string; readonly isOpen: Timetable }[];
}

/**
 * Numbers conditions and hours so that equal ones have the same number, down to the leaves. A campaign with 10,000
 * assignments asks the same few hundred things in many combinations; of a call each is asked once, and the answers fit
 * in the processor's cache.
 */
export class QuestionList {
  private readonly conditions: Question[] = [];
  private readonly hours: Questions['hours'][number][] = [];
  /** By what is asked, as text. Dropped with the list once all are numbered. */
  private readonly numbers = new Map<string, QuestionNo>();

  /** What was numbered so far; does not change with what comes after. */
  questions(): Questions {
    return { conditions: [...this.conditions], hours: [...this.hours] };
  }

  numberOf(condition: Condition): QuestionNo {
    switch (condition.kind) {
      case 'all':
      case 'any': {
        const { kind } = condition;
        const parts = condition.conditions.map((part) => this.numberOf(part));
        return this.numbered(`${kind} ${parts.join(' ')}`, () => this.conditions.push({ kind, parts }) - 1);
      }
      case 'not': {
        const part = this.numberOf(condition.condition);
        return this.numbered(`not ${part}`, () => this.conditions.push({ kind: 'not', part }) - 1);
      }
      default:
        return this.numbered(
          JSON.stringify(condition),
          () => this.conditions.push({ kind: 'ask', test: conditionTest(condition) }) - 1,
        );
    }
  }

  numberOfHours(hours: Hours): QuestionNo {
    return this.numbered(
      `hours ${JSON.stringify(hours)}`,
      () => this.hours.push({ timeZone: hours.timeZone, isOpen: timetableOf(hours) }) - 1,
    );
  }

  private numbered(key: string, add: () => QuestionNo): QuestionNo {
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const no = add();
    this.numbers.set(key, no);
    return no;
  }
}

const NO = 1;
const YES = 2;

/** What the questions come to for one call. Each is asked when it is first needed. */
export class Answers {
  private readonly conditions: Uint8Array;
  private readonly hours: Uint8Array;
  private readonly clock: Clock;

  constructor(
    private readonly questions: Questions,
    private readonly context: ConditionContext,
  ) {
    this.conditions = new Uint8Array(questions.conditions.length);
    this.hours = new Uint8Array(questions.hours.length);
    this.clock = context.clock;
  }

  /** @throws RangeError on an unknown zone, or a fact that is not the instant it should be. */
  isTrue(no: QuestionNo): boolean {
    const known = this.conditions[no];
    if (known !== 0) return known === YES;
    const question = this.questions.conditions[no];
    const answer = question !== undefined && this.ask(question);
    this.conditions[no] = answer ? YES : NO;
    return answer;
  }

  /** @throws RangeError on an unknown zone. */
  isOpen(no: QuestionNo): boolean {
    const known = this.hours[no];
    if (known !== 0) return known === YES;
    const hours = this.questions.hours[no];
    const answer = hours !== undefined && hours.isOpen(this.clock.localIn(hours.timeZone));
    this.hours[no] = answer ? YES : NO;
    return answer;
  }

  private ask(question: Question): boolean {
    if (question.kind === 'ask') return question.test(this.context);
    if (question.kind === 'not') return !this.isTrue(question.part);
    const decisive = question.kind === 'any';
    for (const part of question.parts) if (this.isTrue(part) === decisive) return decisive;
    return !decisive;
  }
}
