import { presentMigration } from '../../api/migrations/present';
import type { MigrationRow } from '../../db/queries/migrations';
import type { CampaignId, MigrationId } from '../../domain/ids';
import type { MigrationEvent } from '../../domain/migration/events';
import { DEFAULT_PLAN, type MigrationPlan } from '../../domain/migration/plan';
import { reduceMigration } from '../../domain/migration/reducer';
import { newMigration, type MigrationState } from '../../domain/migration/state';
import { NO_FIGURES, type SideFigures } from '../../domain/migration/statistics/figures';
import type { Migration } from '../../contract/resources/migration';
import type { MicrosText } from '../../domain/money';
import { renderList, renderMigration } from '../../scripts/callyard/migration-view';
import { watchMigration } from '../../scripts/callyard/migrations';
import type { Answer } from '../../scripts/callyard/client';

const START = '2026-03-02T10:00:00.000Z';
const PLAN: MigrationPlan = {
  ...DEFAULT_PLAN,
  guardrails: [
    ...DEFAULT_PLAN.guardrails,
    { metric: 'revenue_per_call', rule: { kind: 'relative_drop', drop: 0.2 } },
    { metric: 'no_candidate_rate', rule: { kind: 'floor', value: 0.3 } },
  ],
};

const figures = (calls: number, answered: number): SideFigures => ({
  ...NO_FIGURES,
  calls,
  dialled: calls,
  answered,
  matured: calls,
  conversions: Math.floor(answered / 2),
  revenueMicros: String(Math.floor(answered / 2) * 25_000_000) as MicrosText,
  revenueSquares: String(BigInt(Math.floor(answered / 2)) * 25_000_000n ** 2n),
});

const start: MigrationEvent = {
  type: 'operated',
  at: START,
  operation: { id: 'one', type: 'start', by: 'admin (Ann)', reason: null },
};
const looked = (challenger: SideFigures, at = '2026-03-02T12:00:00.000Z'): MigrationEvent => ({
  type: 'evaluated',
  at,
  comparison: 1,
  figures: { control: figures(4_000, 2_000), challenger },
});

function after(...events: readonly MigrationEvent[]): Migration {
  const state = events.reduce<MigrationState>(
    (before, event) => reduceMigration(before, event).state,
    newMigration(
      'mig_new' as MigrationId,
      { kind: 'plan', campaignId: 'cmp_a' as CampaignId, controlVersion: 3, challengerVersion: 4 },
      PLAN,
    ),
  );
  const row: Partial<MigrationRow> = {
    id: 'mig_new',
    name: 'New order',
    settings: {},
    created_at: START,
    started_at: null,
    ended_at: state.phase.name === 'rolled_back' ? START : null,
  };
  return presentMigration(row as MigrationRow, state);
}

const NOW = Date.parse('2026-03-02T12:00:00.000Z');

describe('a migration in a terminal', () => {
  it('shows the share, both sides with intervals, and what comes next and when', () => {
    const text = renderMigration(after(start, looked(figures(60, 29))), NOW);
    expect(text).toContain('plan version 3 → 4 of cmp_a');
    expect(text).toContain('running, step 1 of 5, at this share since 2026-03-02 10:00 UTC');
    expect(text).toMatch(/^█▒▒░{47} 1 %, next 5 %$/m);
    expect(text).toMatch(/^calls ended {9}4000 {20}60$/m);
    expect(text).toMatch(/^answer rate +50\.0 % \(4\d\.\d to 5\d\.\d\) +48\.3 % \(\S+ to \S+\) +wait$/m);
    expect(text).toMatch(/^revenue per call +6\.25 \(\S+ to \S+\)/m);
    expect(text).toContain('Next: 5 %, as soon as\n  - 40 more calls of the challenger have ended\n');
    expect(text).toContain('  - the guardrails hold: 4 to go');
    expect(text).toContain('Possible: pause, advance, share, roll-back, abort');
    expect(text).toContain('2026-03-02 10:00 UTC  started at 1 % by admin (Ann)');
  });

  it('says when time alone would let it go on, and who else is waited for', () => {
    const running = after(start, looked(figures(60, 29)));
    const text = renderMigration(
      {
        ...running,
        progress: {
          ...running.progress,
          missing: [{ kind: 'seconds', left: 5_400 }, { kind: 'approval' }, { kind: 'window' }],
        },
      },
      NOW,
    );
    expect(text).toContain('  - 1 h 30 min are over, at 2026-03-02 13:30 UTC\n');
    expect(text).toContain('  - somebody approves\n  - its window opens\n');
  });

  it('fits 80 columns, whatever happens', () => {
    const states = [
      after(),
      after(start),
      after(start, looked(figures(60, 29))),
      after(start, looked(figures(900, 100))),
    ];
    for (const each of states)
      for (const line of renderMigration(each, NOW).split('\n'))
        expect([line, line.length <= 80]).toEqual([line, true]);
  });

  it('says in words why it went back', () => {
    const text = renderMigration(after(start, looked(figures(900, 100))), NOW);
    expect(text).toContain('rolling back');
    expect(text).toMatch(/^Breach: /m);
    expect(text).toMatch(/^answer rate .* breach$/m);
  });

  it('is one line in a list', () => {
    expect(renderList([after(start)])).toBe('mig_new  running                 1 %  New order');
    expect(renderList([])).toBe('No migrations.');
  });
});

describe('watching a migration', () => {
  const around = {
    read: () => Promise.reject(new Error('nothing is read here')),
    write: () => Promise.reject(new Error('nothing is written here')),
    say: () => undefined,
    complain: () => undefined,
    colours: false,
    ask: null,
  };

  /** Watches a server that gives these answers, or none. @returns what was drawn */
  async function watch(answers: readonly (Migration | null)[]): Promise<string[]> {
    const drawn: string[] = [];
    let asked = 0;
    const client = {
      migration: (): Promise<Answer<Migration>> => {
        const value = answers[asked++] ?? null;
        return value === null
          ? Promise.reject(new TypeError('fetch failed'))
          : Promise.resolve({ ok: true, value });
      },
    };
    const screen = {
      draw: (text: string) => void drawn.push(text),
      wait: () => Promise.resolve(asked < answers.length),
    };
    expect(await watchMigration(client, 'mig_new', screen, around)).toBe(0);
    return drawn;
  }

  it('draws it until it is over', async () => {
    const over = after(
      start,
      { ...start, operation: { id: 'two', type: 'roll_back', by: 'admin', reason: 'seen' } },
      { type: 'rolled_back', at: START },
    );
    const drawn = await watch([after(start), over, after(start)]);
    expect(drawn).toHaveLength(2);
    // Neither a step nor a share: both are back where they were before it began.
    expect(drawn[1]).toContain('\nrolled back\n');
    expect(drawn[1]).toContain('\nNext: it is over\n');
  });

  it('keeps what it has shown while the API is being restarted', async () => {
    const drawn = await watch([after(start), null, after(start)]);
    expect(drawn[1]).toContain('step 1 of 5');
    expect(drawn[1]).toContain('does not answer');
    expect(drawn[2]).not.toContain('does not answer');
  });
});
