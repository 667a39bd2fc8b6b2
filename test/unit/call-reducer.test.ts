import fc from 'fast-check';
import type { Admission, AttemptEnd, Command, Finished, Placed, Routed } from '../../domain/call/commands';
import type { CallEvent, CarrierMessage } from '../../domain/call/events';
import type { CallFacts } from '../../domain/call/facts';
import type { CallPolicy, PlacedAttempt } from '../../domain/call/policy';
import type { MenuNode } from '../../domain/ivr/flow';
import { fits } from '../../domain/call/messages';
import { reduce } from '../../domain/call/reducer';
import { isEnded, newCall, timelineOf, type CallState } from '../../domain/call/state';
import {
  attemptId,
  type AssignmentId,
  type BuyerId,
  type CallId,
  type CampaignId,
  type E164,
} from '../../domain/ids';
import type { Instructions } from '../../domain/instructions';
import type { Currency, MicrosText } from '../../domain/money';
import { sayAndHangUp } from '../../domain/instructions';

const AT = '2026-01-05T12:00:00.000Z';
const prompt = { text: 'Hello', language: 'en-US' };

const facts: CallFacts = {
  callId: 'call_1' as CallId,
  carrier: 'twilio',
  accountSid: 'AC1',
  sid: 'CA1',
  from: '+14155550123' as E164,
  to: '+14155550100',
  receivedAt: AT,
  geography: {},
  attestation: null,
};

const policy: CallPolicy = {
  campaignId: 'cmp_1' as CampaignId,
  publisherId: null,
  currency: 'USD' as Currency,
  payout: null,
  planVersion: 1,
  flowVersion: 1,
  maxAttempts: 3,
  maxCallSeconds: 3_600,
  callbackGraceSeconds: 5,
  reportAnswer: true,
  channel: 'print',
  recoverUnderSeconds: null,
};

const menu: MenuNode = {
  kind: 'menu',
  prompt,
  retryPrompt: prompt,
  options: [{ digit: '1', tag: 'intent', value: 'quote', next: 'route' }],
  timeoutSeconds: 5,
  tries: 2,
  noAnswer: 'goodbye',
};

function attempt(no: number): PlacedAttempt {
  return {
    no,
    id: attemptId(facts.callId, no),
    assignmentId: `asg_${no}` as AssignmentId,
    buyerId: `buy_${no}` as BuyerId,
    buyerName: `Buyer ${no}`,
    destinations: [{ kind: 'tel', number: '+14155550200' as E164 }],
    ringTimeoutSeconds: 20,
    callerId: null,
    announce: false,
    screened: false,
    record: false,
    terms: {
      currency: 'USD' as Currency,
      price: { amountMicros: '1' as MicrosText, due: { on: 'connection' } },
      payout: null,
    },
  };
}

const dial = (no: number): Placed => ({
  kind: 'placed',
  placement: { kind: 'dial', attempt: attempt(no) },
  entries: [],
});

/** Stands for the activities: keeps what they would have made durable, and notices what must never be asked of them. */
class World {
  state: CallState = newCall(facts);
  readonly reserved = new Set<number>();
  readonly resolved = new Map<number, 'posted' | 'voided'>();
  readonly finishes: Extract<Command, { type: 'finish' }>[] = [];
  readonly answers: Instructions[] = [];
  readonly timers: string[] = [];

  constructor(
    private readonly hasMenu: boolean,
    private readonly buyers: number,
    private readonly forward: boolean,
  ) {}

  send(event: CallEvent): Instructions | null {
    const step = reduce(this.state, event);
    this.state = step.state;
    let answer: Instructions | null = null;
    for (const effect of step.effects) {
      if (effect.do === 'answer') {
        answer = effect.instructions;
        this.answers.push(effect.instructions);
      } else if (effect.do === 'run') {
        answer = this.send(this.run(effect.command)) ?? answer;
      } else {
        this.timers.push(effect.do);
      }
    }
    return answer;
  }

  private run(command: Command): CallEvent {
    switch (command.type) {
      case 'admit':
        return { type: 'admitted', at: AT, admission: this.admit(command) };
      case 'route':
        if (command.previous !== null) this.resolve(command.previous, 'voided');
        return { type: 'routed', at: AT, routed: this.goOn(command) };
      case 'record':
        return { type: 'recorded' };
      case 'finish': {
        this.finishes.push(command);
        const { ending } = command;
        if (ending.attempt !== null) {
          this.resolve(ending.attempt, ending.attempt.status === 'completed' ? 'posted' : 'voided');
        }
        const finished: Finished = { ...ending, converted: false, entries: [] };
        return { type: 'finished', at: AT, finished };
      }
    }
  }

  private admit(command: Extract<Command, { type: 'admit' }>): Admission {
    if (command.giveUp !== null) {
      return {
        kind: 'ended',
        outcome: 'failed',
        reason: command.giveUp.reason,
        instructions: [],
        entries: [],
        policy,
      };
    }
    return this.hasMenu
      ? { kind: 'asked', nodeId: 'menu', node: menu, entries: [], policy }
      : { ...this.place(), policy };
  }

  /** The flow of one menu: its option leads to a buyer, its last silence to a goodbye. */
  private goOn({ resume, callerGoneAt }: Extract<Command, { type: 'route' }>): Routed {
    const end = (outcome: 'abandoned_ivr' | 'abandoned_ringing'): Routed => ({
      kind: 'ended',
      outcome,
      reason: 'x',
      instructions: sayAndHangUp(prompt),
      entries: [],
    });
    if (resume?.nodeId === 'goodbye') return end('abandoned_ivr');
    return callerGoneAt === null ? this.place() : end('abandoned_ringing');
  }

  private place(): Routed {
    const no = this.reserved.size + 1;
    if (no <= this.buyers) {
      this.reserved.add(no);
      return dial(no);
    }
    if (this.forward) {
      const treatment = {
        kind: 'forward',
        destination: { kind: 'tel', number: '+14155550200' as E164 },
        ringTimeoutSeconds: 20,
      } as const;
      return {
        kind: 'placed',
        placement: { kind: 'fallback', outcome: 'exhausted', treatment },
        entries: [],
      };
    }
    return {
      kind: 'ended',
      outcome: 'exhausted',
      reason: 'nobody',
      instructions: sayAndHangUp(prompt),
      entries: [],
    };
  }

  private resolve(end: AttemptEnd, how: 'posted' | 'voided'): void {
    const { no } = end.attempt;
    if (!this.reserved.has(no)) throw new Error(`attempt ${no} was never reserved`);
    if (this.resolved.has(no)) throw new Error(`attempt ${no} was resolved twice`);
    this.resolved.set(no, how);
  }
}

const status = fc.constantFrom('completed', 'busy', 'no_answer', 'failed', 'rejected', 'canceled' as const);
const small = fc.integer({ min: 1, max: 4 });
const message: fc.Arbitrary<CarrierMessage> = fc.oneof(
  fc.constant({ type: 'inbound', at: AT } as const),
  fc.record({
    type: fc.constant('ivr_answered' as const),
    at: fc.constant(AT),
    no: fc.integer({ min: 1, max: 3 }),
    digits: fc.constantFrom('1', '9', null),
    speech: fc.constant(null),
    callerGone: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('dial_finished' as const),
    at: fc.constant(AT),
    attempt: small,
    status,
    talkSeconds: fc.option(fc.nat(100)),
    bridged: fc.constantFrom(true, false, null),
    accepted: fc.constant(null),
    callerGone: fc.boolean(),
    carrierStatus: fc.constant('x'),
  }),
  fc.record({
    type: fc.constant('fallback_finished' as const),
    at: fc.constant(AT),
    callerGone: fc.boolean(),
  }),
);
const news: fc.Arbitrary<CallEvent> = fc.oneof(
  fc.record({ type: fc.constant('buyer_answered' as const), at: fc.constant(AT), attempt: small }),
  fc.record({
    type: fc.constant('caller_gone' as const),
    at: fc.constant(AT),
    carrierStatus: fc.constant('completed'),
  }),
  fc.record({
    type: fc.constant('recording' as const),
    at: fc.constant(AT),
    recordingSid: fc.constant('RE1'),
    status: fc.constant('completed'),
  }),
);
const anything: fc.Arbitrary<CallEvent> = fc.oneof(
  { weight: 6, arbitrary: message },
  { weight: 3, arbitrary: news },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('fail_safe_served' as const),
      at: fc.constant(AT),
      cause: fc.constant('x'),
      message,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<CallEvent>(
      { type: 'never_asked', at: AT },
      { type: 'canceled', at: AT },
      { type: 'grace_elapsed', at: AT },
      { type: 'deadline_passed', at: AT },
    ),
  },
);
const world = fc.record({
  hasMenu: fc.boolean(),
  buyers: fc.integer({ min: 0, max: 3 }),
  forward: fc.boolean(),
});

const RUNS = { numRuns: 3_000 };

describe('the reducer, whatever comes in whatever order', () => {
  it('ends a call at most once, and after that nothing is asked of any activity', () => {
    fc.assert(
      fc.property(world, fc.array(anything, { maxLength: 30 }), (w, events) => {
        const call = new World(w.hasMenu, w.buyers, w.forward);
        for (const event of events) {
          const ended = isEnded(call.state) ? JSON.stringify(call.state.phase) : null;
          call.send(event);
          if (ended !== null) expect(JSON.stringify(call.state.phase)).toBe(ended);
        }
        expect(call.finishes.length).toBeLessThanOrEqual(1);
      }),
      RUNS,
    );
  });

  it('resolves each reservation exactly once by the time the deadline has passed', () => {
    fc.assert(
      fc.property(world, fc.array(anything, { maxLength: 30 }), (w, events) => {
        const call = new World(w.hasMenu, w.buyers, w.forward);
        for (const event of events) call.send(event);
        call.send({ type: 'deadline_passed', at: AT });
        expect(isEnded(call.state)).toBe(true);
        expect(new Set(call.resolved.keys())).toEqual(call.reserved);
        const posted = [...call.resolved.values()].filter((how) => how === 'posted').length;
        expect(posted).toBe(
          call.state.phase.name === 'ended' && call.state.phase.outcome === 'connected' ? 1 : 0,
        );
      }),
      RUNS,
    );
  });

  it('answers every message that fits the step with instructions', () => {
    fc.assert(
      fc.property(world, fc.array(anything, { maxLength: 30 }), message, (w, events, last) => {
        const call = new World(w.hasMenu, w.buyers, w.forward);
        for (const event of events) call.send(event);
        if (fits(call.state, last)) expect(call.send(last)).not.toBeNull();
      }),
      RUNS,
    );
  });

  it('never changes how a call ends by news, wherever and however often they come between messages', () => {
    const script = fc.array(message, { minLength: 1, maxLength: 12 });
    // A call whose caller is gone is not routed on, so `caller_gone` takes part only where messages agree with it:
    // see the orders tested against the real system.
    const harmless = news.filter((event) => event.type !== 'caller_gone');
    fc.assert(
      fc.property(
        world,
        script,
        fc.array(fc.tuple(fc.nat(12), harmless), { maxLength: 8 }),
        (w, messages, extra) => {
          const plain = new World(w.hasMenu, w.buyers, w.forward);
          const noisy = new World(w.hasMenu, w.buyers, w.forward);
          messages.forEach((event, index) => {
            for (const [at, item] of extra) if (at === index) noisy.send(item);
            plain.send(event);
            noisy.send(event);
          });
          const end = (call: World) => ({
            phase:
              call.state.phase.name === 'dialing'
                ? { ...call.state.phase, answeredAt: null }
                : call.state.phase,
            resolved: [...call.resolved],
            qualifications: call.state.qualifications,
          });
          expect(end(noisy)).toEqual(end(plain));
        },
      ),
      RUNS,
    );
  });

  it('writes every timeline entry once, under a key of its own', () => {
    fc.assert(
      fc.property(world, fc.array(anything, { maxLength: 30 }), (w, events) => {
        const call = new World(w.hasMenu, w.buyers, w.forward);
        for (const event of [...events, ...events]) call.send(event);
        const keys = timelineOf(call.state).map(({ key }) => key);
        expect(new Set(keys).size).toBe(keys.length);
      }),
      RUNS,
    );
  });

  it('keeps a state that survives JSON, as a query returns it', () => {
    fc.assert(
      fc.property(world, fc.array(anything, { maxLength: 20 }), (w, events) => {
        const call = new World(w.hasMenu, w.buyers, w.forward);
        for (const event of events) call.send(event);
        expect(JSON.parse(JSON.stringify(call.state))).toEqual(call.state);
      }),
      RUNS,
    );
  });
});

describe('the reducer', () => {
  const start = (hasMenu = false, buyers = 2): World => {
    const call = new World(hasMenu, buyers, false);
    call.send({ type: 'inbound', at: AT });
    return call;
  };
  const outcome = (call: World) =>
    call.state.phase.name === 'ended' ? call.state.phase.outcome : call.state.phase.name;

  it('waits for the dial’s result when the caller is gone, and believes it', () => {
    const call = start();
    call.send({ type: 'caller_gone', at: AT, carrierStatus: 'completed' });
    expect(call.timers).toEqual(['start_deadline', 'start_grace']);
    call.send({
      type: 'dial_finished',
      at: AT,
      attempt: 1,
      status: 'completed',
      talkSeconds: 60,
      bridged: null,
      accepted: null,
      callerGone: true,
      carrierStatus: 'completed',
    });
    expect(outcome(call)).toBe('connected');
    call.send({ type: 'grace_elapsed', at: AT });
    expect(outcome(call)).toBe('connected');
  });

  it('counts the talk up to the caller’s hang-up when the dial’s result is lost', () => {
    const call = start();
    call.send({ type: 'buyer_answered', at: '2026-01-05T12:00:10.000Z', attempt: 1 });
    call.send({ type: 'caller_gone', at: '2026-01-05T12:01:40.000Z', carrierStatus: 'completed' });
    call.send({ type: 'grace_elapsed', at: '2026-01-05T12:01:45.000Z' });
    expect(outcome(call)).toBe('connected');
    expect(call.finishes[0]?.ending.attempt?.talkSeconds).toBe(90);
  });

  it('charges nobody for a talk whose length nobody reported', () => {
    const call = start();
    call.send({ type: 'buyer_answered', at: AT, attempt: 1 });
    call.send({ type: 'deadline_passed', at: AT });
    expect(outcome(call)).toBe('connected');
    expect(call.finishes[0]?.ending.attempt?.talkSeconds).toBeNull();
  });

  it('does not dial anybody else once the caller is gone', () => {
    const call = start();
    call.send({
      type: 'dial_finished',
      at: AT,
      attempt: 1,
      status: 'no_answer',
      talkSeconds: null,
      bridged: null,
      accepted: null,
      callerGone: true,
      carrierStatus: 'no-answer',
    });
    expect(outcome(call)).toBe('abandoned_ringing');
    expect([...call.reserved]).toEqual([1]);
  });

  it('has the same end whether the answer to the menu or the hang-up is heard of first', () => {
    const answer: CallEvent = {
      type: 'ivr_answered',
      at: AT,
      no: 1,
      digits: '1',
      speech: null,
      callerGone: false,
    };
    const gone: CallEvent = { type: 'caller_gone', at: AT, carrierStatus: 'completed' };
    const first = start(true);
    first.send(answer);
    first.send(gone);
    first.send({ type: 'grace_elapsed', at: AT });
    const second = start(true);
    second.send(gone);
    second.send(answer);
    expect(outcome(first)).toBe('abandoned_ringing');
    expect(outcome(second)).toBe('abandoned_ringing');
  });

  it('records a call nobody could answer as failed, and routes nothing', () => {
    const call = new World(false, 2, false);
    call.send({
      type: 'fail_safe_served',
      at: AT,
      cause: 'DeadlineExceeded',
      message: { type: 'inbound', at: AT },
    });
    expect(outcome(call)).toBe('failed');
    expect(call.reserved.size).toBe(0);
  });

  it('gives a late first webhook of such a call a hang-up, not a buyer', () => {
    const call = new World(false, 2, false);
    call.send({ type: 'fail_safe_served', at: AT, cause: 'x', message: { type: 'inbound', at: AT } });
    expect(call.send({ type: 'inbound', at: AT })).toEqual([{ verb: 'hangup' }]);
  });
});
