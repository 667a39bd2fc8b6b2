import type { Pool } from 'pg';
import { campaignStatusSchema } from '../../contract/campaign';
import { countFigures, listCampaignStatus, type FiguresRow } from '../../db/queries/migrationFigures';
import type { CampaignId } from '../../domain/ids';
import { campaignsOf, type MigrationKind } from '../../domain/migration/plan';
import { NO_FIGURES, type SideFigures } from '../../domain/migration/statistics/figures';
import type { MicrosText } from '../../domain/money';
import type { MigrationActivities } from './index';

/** Reads only; nothing of it needs to be of one moment with anything else. */
export function createEvaluate(db: Pool): MigrationActivities['evaluate'] {
  return async ({ id, kind, plan }, comparison) => {
    const [rows, campaigns] = await Promise.all([
      countFigures(db, {
        migrationId: id,
        comparison,
        ...assignmentsOf(kind),
        conversionWindowSeconds: plan.conversionWindowSeconds,
      }),
      listCampaignStatus(db, campaignsOf(kind)),
    ]);
    const of = (side: FiguresRow['side']): SideFigures => {
      const row = rows.find((each) => each.side === side);
      return row === undefined ? NO_FIGURES : figuresOf(row);
    };
    return {
      figures: { control: of('control'), challenger: of('challenger') },
      campaigns: campaigns.map(({ id: campaign, status }) => ({
        id: campaign as CampaignId,
        status: campaignStatusSchema.parse(status),
      })),
    };
  };
}

/** The two buyers' places; `null`: it is not between buyers. */
export function assignmentsOf(kind: MigrationKind): {
  readonly controlAssignmentId: string | null;
  readonly challengerAssignmentId: string | null;
} {
  if (kind.kind !== 'buyer') return { controlAssignmentId: null, challengerAssignmentId: null };
  return {
    controlAssignmentId: kind.control.assignmentIds[0] ?? null,
    challengerAssignmentId: kind.challenger.assignmentIds[0] ?? null,
  };
}

function figuresOf(row: FiguresRow): SideFigures {
  return {
    calls: Number(row.calls),
    dialled: Number(row.dialled),
    answered: Number(row.answered),
    noCandidate: Number(row.no_candidate),
    matured: Number(row.matured),
    conversions: Number(row.conversions),
    revenueMicros: row.revenue as MicrosText,
    revenueSquares: row.revenue_squares,
    talkSeconds: Number(row.talk),
    talkSquares: Number(row.talk_squares),
    turnedAway: Number(row.turned_away),
  };
}
