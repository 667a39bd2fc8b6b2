import { Agenda, ARRIVED, DIAL_ENDED, FREED_BY_OTHERS } from '../../domain/backtest/agenda';
import { seededRandom } from '../../domain/routing/draw';

describe('the agenda of a backtest', () => {
  it('lets things happen in the order of their instants, then ranks, then of entry', () => {
    const random = seededRandom('agenda');
    const entered = Array.from({ length: 2_000 }, (_, no) => ({
      at: Math.floor(random() * 50),
      rank: Math.floor(random() * 3),
      no,
    }));
    const agenda = new Agenda();
    const happened: (typeof entered)[number][] = [];
    for (const each of entered) agenda.enter(each.at, each.rank, () => happened.push(each));
    agenda.until(Infinity);
    // Sorting is stable: of the same instant and rank, as entered.
    expect(happened).toEqual(entered.toSorted((a, b) => a.at - b.at || a.rank - b.rank));
  });

  it('frees room before it is asked for: of others first, then of dials, then who arrives', () => {
    const agenda = new Agenda();
    const happened: string[] = [];
    agenda.enter(5, ARRIVED, () => happened.push('arrived'));
    agenda.enter(5, DIAL_ENDED, () => happened.push('ended'));
    agenda.enter(5, FREED_BY_OTHERS, () => happened.push('freed'));
    agenda.until(5);
    expect(happened).toEqual(['freed', 'ended', 'arrived']);
  });

  it('stops behind the instant, which is included with what comes of it', () => {
    const agenda = new Agenda();
    const happened: string[] = [];
    agenda.enter(10, ARRIVED, () => {
      happened.push('first');
      agenda.enter(10, DIAL_ENDED, () => happened.push('what comes of it'));
      agenda.enter(11, DIAL_ENDED, () => happened.push('later'));
    });
    agenda.until(9.999);
    expect(happened).toEqual([]);
    agenda.until(10);
    expect(happened).toEqual(['first', 'what comes of it']);
    agenda.until(Infinity);
    expect(happened).toEqual(['first', 'what comes of it', 'later']);
  });
});
