import { drawFrom, LEAST_OWN_DIALS, PastOutcomes, type DialOutcome } from '../../domain/backtest/outcomes';
import type { AssignmentId, CallId } from '../../domain/ids';
import { ringing, talk } from './backtest-samples';

const idOf = (id: string): AssignmentId => id as AssignmentId;

/** Dials of which each talked as long as its place says: from 1 s. */
function talks(many: number, from = 1): DialOutcome[] {
  return Array.from({ length: many }, (_, n) => talk(from + n));
}

function pastOf(own: Readonly<Record<string, readonly DialOutcome[]>>): PastOutcomes {
  return new PastOutcomes(new Map(Object.entries(own).map(([id, dials]) => [idOf(id), dials])));
}

/** What so many calls draw of an assignment. */
function drawn(past: PastOutcomes, seed: string, assignment: string, calls: number): DialOutcome[] {
  const draw = drawFrom(past, seed);
  return Array.from({ length: calls }, (_, n) => draw(`call_${n}` as CallId, idOf(assignment), 20, 0));
}

describe('outcomes of dials that were never made', () => {
  const past = pastOf({
    many: talks(LEAST_OWN_DIALS),
    few: talks(LEAST_OWN_DIALS - 1, 1_000),
  });
  const known = [...talks(LEAST_OWN_DIALS), ...talks(LEAST_OWN_DIALS - 1, 1_000)];

  it('come from an assignment’s own dials where there are enough, else from all of the campaign', () => {
    expect(past.of(idOf('many'))).toEqual({ from: 'own', dials: talks(LEAST_OWN_DIALS) });
    for (const id of ['few', 'never dialled'])
      expect(past.of(idOf(id))).toEqual({ from: 'campaign', dials: known });
    for (const dial of drawn(past, 's', 'many', 500)) expect(dial.talkSeconds).toBeLessThan(1_000);
    const ofAll = drawn(past, 's', 'never dialled', 500).filter(
      ({ talkSeconds }) => Number(talkSeconds) < 1_000,
    );
    expect(ofAll.length).toBeGreaterThan(100);
    expect(ofAll.length).toBeLessThan(400);
  });

  it('are unanswered for as long as it rings where nobody was ever dialled', () => {
    const none = pastOf({});
    expect(none.of(idOf('a'))).toEqual({ from: 'none', dials: [] });
    const draw = drawFrom(none, 's');
    expect(draw('c' as CallId, idOf('a'), 35, 0)).toEqual(ringing('no_answer', 35));
  });

  it('say nothing of a buyer where the caller hung up', () => {
    const left = pastOf({ a: [...talks(19), ringing('canceled', 3)], b: talks(1) });
    expect(left.of(idOf('a'))).toEqual({ from: 'campaign', dials: [...talks(19), ...talks(1)] });
  });

  it('are the same for the same seed, call and assignment, in whatever order they are asked for', () => {
    const [one, other] = [drawFrom(past, 'seed/1'), drawFrom(past, 'seed/1')];
    const asked = Array.from({ length: 200 }, (_, n) => [`c${n % 50}`, n % 2 ? 'many' : 'few'] as const);
    const outcomes = asked.map(([call, id]) => one(call as CallId, idOf(id), 20, 0));
    const reversed = asked.toReversed().map(([call, id]) => other(call as CallId, idOf(id), 20, 0));
    expect(reversed.toReversed()).toEqual(outcomes);
  });

  it('differ from run to run, from call to call and from one assignment to another', () => {
    const of = (seed: string, id: string) => drawn(past, seed, id, 50);
    expect(of('seed/1', 'many')).not.toEqual(of('seed/2', 'many'));
    expect(of('seed/1', 'few')).not.toEqual(of('seed/1', 'never dialled'));
    expect(new Set(of('seed/1', 'many')).size).toBeGreaterThan(5);
  });

  it('come from a sample of the past with replacement, one for each run', () => {
    const big = pastOf({ a: talks(400) });
    const distinct = new Set(drawn(big, 'run', 'a', 20_000));
    // Of a sample as large as the past, 1 - 1/e of it is in there: 253 of 400, give or take 3 x 6.
    expect(distinct.size).toBeGreaterThan(235);
    expect(distinct.size).toBeLessThan(271);
  });

  it('come as often as they did, over 10,000 draws of many runs', () => {
    const answered = 30;
    const rates = pastOf({
      a: [...talks(answered), ...Array.from({ length: 70 }, () => ringing('busy', 2))],
    });
    let completed = 0;
    for (let run = 0; run < 500; run++)
      completed += drawn(rates, `run/${run}`, 'a', 20).filter(({ state }) => state === 'completed').length;
    // The runs' own rates vary by 4.6 %, so the mean of 500 by 0.2 %, and with the draws by 0.5 %.
    expect(Math.abs(completed / 10_000 - 0.3)).toBeLessThan(0.015);
  });

  it('vary between runs by as much as the past might have come out otherwise', () => {
    const rates = pastOf({ a: [...talks(30), ...Array.from({ length: 70 }, () => ringing('busy', 2))] });
    const shares = Array.from({ length: 200 }, (_, run) => {
      const outcomes = drawn(rates, `run/${run}`, 'a', 1_000);
      return outcomes.filter(({ state }) => state === 'completed').length / 1_000;
    });
    const mean = shares.reduce((sum, each) => sum + each, 0) / shares.length;
    const variance = shares.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (shares.length - 1);
    // 0.3 x 0.7 / 100 of the sample, and a tenth of it of the draws; 5 % off of the root over 200 runs.
    const expected = Math.sqrt(0.21 / 100 + 0.21 / 1_000);
    expect(Math.sqrt(variance) / expected).toBeGreaterThan(0.85);
    expect(Math.sqrt(variance) / expected).toBeLessThan(1.15);
  });
});
