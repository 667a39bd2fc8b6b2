import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import type { Pool } from 'pg';
import type { ReservationLedger, ReserveAnswer } from '../../db/limits/reservation-ledger';
import { createPool } from '../../db/pool';
import { findCounterDifferences } from '../../db/queries/limits/verify';
import { NOTHING_HAPPENED, ONLY_DIALLED, type Happened } from '../../domain/limits/happened';
import type { ReservationId } from '../../domain/ids';
import type { Scope } from '../../domain/limits/limit';
import { createTestDatabase, type TestDatabase } from '../environment/database';
import { candidateOn, insertTestLimit, putFakeClock, requestFor } from './limit-fixture';
import { LimitsModel, windowOf, type ModelCandidate, type ModelLimit } from './limits-model';
import { createTestLedger } from './test-ledger';

/** `LIMITS_MODEL_SEED=… npm test -- --selectProjects system --testPathPatterns limits-model` replays a run. */
const SEED = Number(process.env['LIMITS_MODEL_SEED'] ?? randomInt(2 ** 31));
const RUNS = Number(process.env['LIMITS_MODEL_RUNS'] ?? 50);
const LEDGERS = 3;

/** One request. Numbers choose among what there is when its turn comes. */
interface Request {
  readonly kind: 'reserve' | 'reserve again' | 'post' | 'void' | 'expire';
  readonly which: number;
  readonly ledger: number;
  readonly candidates: readonly { readonly scopes: readonly number[]; readonly spend: number }[];
  readonly connected: boolean;
  readonly converted: boolean;
  /** The answer gets lost: it is asked again, from another process. */
  readonly answerLost: boolean;
}

type Step =
  | { readonly kind: 'together'; readonly requests: readonly Request[]; readonly cutConnection: boolean }
  | { readonly kind: 'clock'; readonly minutes: number }
  | { readonly kind: 'limit'; readonly which: number; readonly maximum: number };

const request: fc.Arbitrary<Request> = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant('reserve' as const) },
    { weight: 1, arbitrary: fc.constant('reserve again' as const) },
    { weight: 2, arbitrary: fc.constantFrom('post' as const, 'void' as const) },
    { weight: 1, arbitrary: fc.constant('expire' as const) },
  ),
  which: fc.nat(50),
  ledger: fc.nat(LEDGERS - 1),
  candidates: fc.array(
    fc.record({ scopes: fc.uniqueArray(fc.nat(5), { maxLength: 4 }), spend: fc.nat(40) }),
    { minLength: 1, maxLength: 12 },
  ),
  connected: fc.boolean(),
  converted: fc.boolean(),
  answerLost: fc.boolean(),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('together' as const),
      requests: fc.array(request, { minLength: 1, maxLength: 12 }),
      cutConnection: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('clock' as const),
      minutes: fc.constantFrom(1, 20, 30, 59, 60, 61, 600, 1440, 44_640),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('limit' as const), which: fc.nat(7), maximum: fc.nat(8) }),
  },
);

describe('limits, held against a model', () => {
  let database: TestDatabase;
  let db: Pool;
  let ledgers: ReservationLedger[];
  let setClock: (to: string) => Promise<void>;
  let run = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = createPool({ url: database.url, size: 5, applicationName: 'test', onIdleError: () => undefined });
    ledgers = Array.from({ length: LEDGERS }, () => createTestLedger(database.url));
    setClock = await putFakeClock(db, '2026-01-01T00:00:00Z');
  });
  afterAll(async () => {
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    await db.end();
    await database.drop();
  });

  /** Limits of a run's own. Two are on one scope, so that a candidate can meet several. */
  async function newLimits(): Promise<{ scopes: Scope[]; limits: ModelLimit[] }> {
    const n = (run += 1);
    const scopes: Scope[] = [
      `buyer:${n}a`,
      `buyer:${n}b`,
      `assignment:${n}`,
      `campaign:${n}`,
      `publisher:${n}`,
      `destination:${n}`,
    ];
    const [a, b, assignment, campaign, publisher, destination] = scopes as [
      Scope,
      Scope,
      Scope,
      Scope,
      Scope,
      Scope,
    ];
    const all: Omit<ModelLimit, 'id'>[] = [
      { scope: a, window: 'day', counts: 'connection', timeZone: 'America/New_York', maximum: 3 },
      { scope: a, window: 'concurrency', counts: 'attempt', timeZone: 'UTC', maximum: 2 },
      { scope: b, window: 'total', counts: 'conversion', timeZone: 'UTC', maximum: 2 },
      { scope: assignment, window: 'hour', counts: 'attempt', timeZone: 'Asia/Kolkata', maximum: 4 },
      { scope: campaign, window: 'month', counts: 'spend', timeZone: 'Pacific/Auckland', maximum: 60 },
      { scope: publisher, window: 'day', counts: 'spend', timeZone: 'America/Havana', maximum: 50 },
      { scope: publisher, window: 'hour', counts: 'conversion', timeZone: 'Australia/Lord_Howe', maximum: 3 },
      { scope: destination, window: 'concurrency', counts: 'attempt', timeZone: 'UTC', maximum: 1 },
    ];
    const limits = all.map((limit, index) => ({ ...limit, id: `lim_${n}_${index}` }));
    for (const limit of limits) await insertTestLimit(db, limit);
    return { scopes, limits };
  }

  /** Everything that is asked in one step, with its answers. */
  class Round {
    readonly #granted: { id: string; candidate: ModelCandidate }[] = [];
    readonly #refused: { id: string; candidates: readonly ModelCandidate[] }[] = [];
    #resolved = false;

    constructor(
      private readonly model: LimitsModel,
      private readonly scopes: readonly Scope[],
      private readonly at: string,
      private readonly nextId: () => string,
      private readonly answers: Map<string, ReserveAnswer['kind']>,
      private readonly used: Map<string, number>,
    ) {}

    async ask(asked: Request): Promise<void> {
      const known = [...this.answers.keys()];
      const id = known[asked.which % Math.max(1, known.length)];
      if (asked.kind === 'reserve' || id === undefined) return this.reserve(asked, this.nextId());
      if (asked.kind === 'reserve again') return this.reserve(asked, id);
      if (this.answers.get(id) === 'granted') await this.resolve(asked, id);
    }

    private candidatesOf(asked: Request): ModelCandidate[] {
      return asked.candidates.map(({ scopes, spend }) => ({
        scopes: scopes.map((index) => this.scopes[index] ?? 'buyer:none'),
        spend,
        payout: spend >> 1,
      }));
    }

    private async reserve(asked: Request, id: string): Promise<void> {
      const before = this.answers.get(id);
      const candidates = this.candidatesOf(asked);
      const from = (ledger: number): Promise<ReserveAnswer> =>
        (ledgers[ledger % LEDGERS] as ReservationLedger).reserve(
          requestFor(
            id,
            candidates.map(({ scopes, spend, payout }, index) => ({
              ...candidateOn(scopes, { spend: BigInt(spend), payout: BigInt(payout) }),
              assignmentId: String(index),
            })),
          ),
        );
      const first = await from(asked.ledger);
      const answer = asked.answerLost ? await from(asked.ledger + 1) : first;
      expect(answer.kind).toBe(before ?? first.kind);
      if (before !== undefined) return;
      this.answers.set(id, answer.kind);
      if (answer.kind === 'refused') {
        this.#refused.push({ id, candidates });
        return;
      }
      const candidate = candidates[Number(answer.assignmentId)];
      if (candidate === undefined) throw new Error('granted to nobody who asked');
      this.#granted.push({ id, candidate });
      // Who comes before was full; that is checked like a refusal.
      const passedOver = candidates.slice(0, Number(answer.assignmentId));
      if (passedOver.length > 0) this.#refused.push({ id, candidates: passedOver });
    }

    private async resolve(asked: Request, id: string): Promise<void> {
      this.#resolved = true;
      const ledger = ledgers[asked.ledger] as ReservationLedger;
      const happened = happenedOf(asked, this.model, id);
      const send = (): Promise<boolean> => {
        if (asked.kind === 'post') return ledger.post(id as ReservationId, happened);
        if (asked.kind === 'expire') return ledger.expire(id as ReservationId, happened);
        return ledger.void(id as ReservationId, { dialled: happened.dialled });
      };
      const first = await send();
      if (asked.answerLost) expect(await send()).toBe(false);
      if (first) this.model.resolve(id, happened);
    }

    /** The model takes over what was granted. What is resolved in a step was granted in one before. */
    settle(): void {
      for (const { id, candidate } of this.#granted) this.model.grant(id, candidate, this.at);
    }

    check(): void {
      const { model, at } = this;
      for (const limit of model.limits) {
        const window = windowOf(limit, at);
        const before = this.used.get(limit.id) ?? 0;
        const now = model.used(limit, window);
        if (now > before && now > limit.maximum)
          throw new Error(`${limit.id} took ${now} of ${limit.maximum}`);
      }
      for (const { id, candidates } of this.#refused) {
        for (const candidate of candidates) this.checkRefusal(id, candidate);
      }
    }

    /** Some limit was full, or could have been while others asked at the same time. */
    private checkRefusal(id: string, candidate: ModelCandidate): void {
      const full = this.model.demandsOf(candidate, this.at).some(({ limit, window, amount }) => {
        if (!this.#resolved) return this.model.used(limit, window) + amount > limit.maximum;
        const taken = this.#granted
          .flatMap(({ candidate: each }) => this.model.demandsOf(each, this.at))
          .filter((hold) => hold.limit === limit)
          .reduce((sum, hold) => sum + hold.amount, 0);
        return (this.used.get(limit.id) ?? 0) + taken + amount > limit.maximum;
      });
      if (!full) throw new Error(`${id} was refused while there was room for ${JSON.stringify(candidate)}`);
    }
  }

  function happenedOf(asked: Request, model: LimitsModel, id: string): Happened {
    if (asked.kind === 'void') return asked.connected ? ONLY_DIALLED : NOTHING_HAPPENED;
    const holds = model.reservations.get(id)?.holds ?? [];
    const most = (kind: string): bigint =>
      BigInt(
        holds.find(({ limit }) => limit.counts === 'spend' && limit.scope.startsWith(kind))?.amount ?? 0,
      );
    const { connected, converted } = asked;
    const earned = connected && converted;
    return {
      dialled: true,
      connected,
      converted: earned,
      spent: earned ? most('campaign:') : 0n,
      paid: earned,
      payout: earned ? most('publisher:') : 0n,
    };
  }

  async function cutConnections(): Promise<void> {
    await db.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
         AND application_name = 'test-limits'`,
    );
  }

  async function checkCounters(model: LimitsModel, at: string): Promise<void> {
    expect(await findCounterDifferences(db)).toEqual([]);
    const { rows } = await db.query<{ limit_id: string; posted: bigint; pending: bigint }>(
      `SELECT k.limit_id, k.posted, k.pending FROM limit_counters k JOIN limits l ON l.id = k.limit_id
        WHERE l.id = ANY ($1) AND k.window_start = limit_window_start(l."window", l.time_zone, limit_clock())`,
      [model.limits.map(({ id }) => id)],
    );
    for (const limit of model.limits) {
      const row = rows.find(({ limit_id }) => limit_id === limit.id);
      const stored = { posted: Number(row?.posted ?? 0n), pending: Number(row?.pending ?? 0n) };
      expect({ limit: limit.id, ...stored }).toEqual({
        limit: limit.id,
        ...model.counter(limit, windowOf(limit, at)),
      });
    }
  }

  async function play(steps: readonly Step[], startsAt: string): Promise<void> {
    const { scopes, limits } = await newLimits();
    const model = new LimitsModel(limits);
    const answers = new Map<string, ReserveAnswer['kind']>();
    const name = `r${run}`;
    let ids = 0;
    let at = startsAt;
    await setClock(at);
    for (const each of steps) {
      switch (each.kind) {
        case 'clock':
          at = new Date(Date.parse(at) + each.minutes * 60_000).toISOString();
          await setClock(at);
          break;
        case 'limit': {
          const limit = limits[each.which % limits.length] as ModelLimit;
          limit.maximum = limit.counts === 'spend' ? each.maximum * 15 : each.maximum;
          await db.query('UPDATE limits SET maximum = $2 WHERE id = $1', [limit.id, limit.maximum]);
          break;
        }
        case 'together': {
          const used = new Map(limits.map((limit) => [limit.id, model.used(limit, windowOf(limit, at))]));
          const round = new Round(model, scopes, at, () => `${name}/${(ids += 1)}`, answers, used);
          const asked = each.requests.map((one) => round.ask(one));
          if (each.cutConnection) await cutConnections();
          await Promise.all(asked);
          round.settle();
          round.check();
          await checkCounters(model, at);
          break;
        }
        default:
          each satisfies never;
      }
    }
  }

  it(`never overshoot, and never refuse while there is room (seed ${SEED})`, async () => {
    const starts = fc.constantFrom(
      '2026-03-08T06:30:00.000Z',
      '2026-11-01T03:10:00.000Z',
      '2026-04-04T14:40:00.000Z',
      '2026-07-31T23:00:00.000Z',
    );
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), starts, play), {
      seed: SEED,
      numRuns: RUNS,
      endOnFailure: process.env['LIMITS_MODEL_SHRINK'] === undefined,
    });
  }, 120_000);
});
