import { tagsSchema } from '../../contract/campaign';
import {
  dniPoolSchema,
  type DniNumber,
  type DniPool,
  type DniPoolStatus,
} from '../../contract/resources/dni-pool';
import type { DniNumberRow } from '../../db/queries/dni/numbers';
import type { DniPoolRow } from '../../db/queries/dni/pools';
import type { PoolStatusRow, PoolUseRow } from '../../db/queries/dni/status';
import { advisePoolSize } from '../../domain/dni/pool-size';
import type { CampaignId, DniPoolId, E164, PublisherId } from '../../domain/ids';
import type { AuditedKind } from '../http/edit';

export const DNI_POOL: AuditedKind<DniPool> = {
  entity: 'dni_pool',
  idOf: ({ id }) => id,
  campaignOf: ({ campaignId }) => campaignId,
};

export function presentPool(row: DniPoolRow): DniPool {
  return {
    id: row.id as DniPoolId,
    campaignId: row.campaign_id as CampaignId,
    name: row.name,
    publisherId: row.publisher_id as PublisherId | null,
    channel: row.channel,
    tags: tagsSchema.parse(row.tags),
    leaseSeconds: row.lease_seconds,
    graceSeconds: row.grace_seconds,
    overflowNumber: row.overflow_number as E164 | null,
    allowedOrigins: row.allowed_origins,
    staticNumbers: dniPoolSchema.shape.staticNumbers.parse(row.static_numbers),
    numbers: row.numbers,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function presentPoolNumber(row: DniNumberRow): DniNumber {
  return {
    number: row.e164 as E164,
    state: row.state,
    sessionId: row.session_id,
    liveUntil: row.live_until,
  };
}

export function presentStatus(row: PoolStatusRow, use: PoolUseRow): DniPoolStatus {
  return {
    numbers: row.numbers,
    leased: row.leased,
    grace: row.grace,
    free: row.numbers - row.leased - row.grace,
    exhaustedToday: row.exhausted_today,
    observed: use,
    advice: advisePoolSize({ numbers: row.numbers, ...use }),
  };
}
