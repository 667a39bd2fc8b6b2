import { formatShare } from '../../domain/migration/split';
import { statusOf } from '../../domain/migration/status';
import type { MigrationState } from '../../domain/migration/state';

/** What the Temporal UI shows of a migration: where it is, what both sides have come to, and what comes next. */
export function describeMigration(state: MigrationState, at: string): string {
  const status = statusOf(state, at);
  return [
    `**${state.phase.name}** at ${formatShare(state.shareBasisPoints)}, step ${status.step.no} of ${status.step.of}`,
    status.nextDecision,
    ...status.judgements.map(({ reason, verdict }) => `- ${verdict}: ${reason}`),
    ...state.history
      .slice(-5)
      .map(({ at: when, what, by }) => `- ${when} ${what}${by === null ? '' : ` by ${by}`}`),
  ].join('\n');
}
