import { setTimeout } from 'node:timers/promises';
import type { Pool } from 'pg';
import { flowSchema } from '../../contract/flow';
import { planSchema } from '../../contract/plan';
import {
  listActiveCampaigns,
  loadAssignments,
  loadCampaign,
  loadFlow,
  loadPlan,
} from '../../db/queries/setup';
import { transaction } from '../../db/transaction';
import type { CampaignId } from '../../domain/ids';
import type { Flow } from '../../domain/ivr/flow';
import type { RoutingPlan } from '../../domain/routing/plan';
import { readable, toCampaign, type Campaign } from './campaign';
import { recordCampaign } from './recording';

/**
 * Campaigns kept parsed in this process. Who asks says which version they saw in the database, so that a copy is never
 * older than the read that led to it; `refresh` only makes sure that the next call need not wait for the reading.
 */
export interface Campaigns {
  /** The campaign, at `configVersion` or newer. @throws UnreadableConfiguration; and when it does not exist. */
  at(id: CampaignId, configVersion: bigint): Promise<Campaign>;
  /** A version a call was pinned to. Published ones never change. @throws when it does not exist. */
  plan(id: CampaignId, version: number): Promise<RoutingPlan>;
  flow(id: CampaignId, version: number): Promise<Flow>;
  /** Something of the campaign changed: reads it again, if it is kept at all. */
  refresh(id: CampaignId): Promise<void>;
  /**
   * Reads the campaigns that take calls, one after the other, so that no call has to wait for it: a process that has
   * just started would make each campaign's first caller wait, those of the largest for longest.
   */
  warm(): Promise<void>;
  /** Resolves when nothing is being read again any more: only then may the database's pool end. */
  quiet(): Promise<void>;
}

/**
 * Pause between two readings of one campaign that nobody waits for, in milliseconds: a thousand edits in a row must not
 * keep the process busy with reading.
 */
const REFRESH_PAUSE_MS = 100;

/** Campaigns, plans and flows kept at most, each; past it that store starts anew. */
const MOST_KEPT = 1_000;

export function createCampaigns(db: Pool): Campaigns {
  const kept = new Map<CampaignId, Promise<Campaign>>();
  const refreshing = new Map<CampaignId, Promise<void>>();
  const changedAgain = new Set<CampaignId>();
  const plans = new Map<string, Promise<RoutingPlan>>();
  const flows = new Map<string, Promise<Flow>>();

  function read(id: CampaignId): Promise<Campaign> {
    return keep(kept, id, readCampaign(db, id, kept.get(id)));
  }

  async function readUntilQuiet(id: CampaignId): Promise<void> {
    do {
      changedAgain.delete(id);
      await read(id);
      await setTimeout(REFRESH_PAUSE_MS);
    } while (changedAgain.has(id));
  }

  return {
    async at(id, configVersion) {
      const known = kept.get(id);
      if (known !== undefined) {
        const campaign = await known;
        if (campaign.configVersion >= configVersion) return campaign;
        // Whoever notices first reads; everybody else waits for that reading.
        const newer = kept.get(id);
        if (newer !== undefined && newer !== known) {
          const other = await newer;
          if (other.configVersion >= configVersion) return other;
        }
      }
      return read(id);
    },
    plan: (id, version) =>
      plans.get(`${id}/${version}`) ??
      keep(
        plans,
        `${id}/${version}`,
        loadPlan(db, id, version).then((definition) => {
          if (definition === null)
            throw new Error(`Plan version ${version} of campaign ${id} does not exist`);
          return readable(`plan version ${version} of campaign ${id}`, () => planSchema.parse(definition));
        }),
      ),
    flow: (id, version) =>
      flows.get(`${id}/${version}`) ??
      keep(
        flows,
        `${id}/${version}`,
        loadFlow(db, id, version).then((definition) => {
          if (definition === null)
            throw new Error(`Flow version ${version} of campaign ${id} does not exist`);
          return readable(`flow version ${version} of campaign ${id}`, () => flowSchema.parse(definition));
        }),
      ),
    refresh(id) {
      if (!kept.has(id)) return Promise.resolve();
      changedAgain.add(id);
      const known = refreshing.get(id);
      if (known !== undefined) return known;
      const reading = readUntilQuiet(id).finally(() => refreshing.delete(id));
      refreshing.set(id, reading);
      return reading;
    },
    async warm() {
      for (const { id, config_version } of await listActiveCampaigns(db, MOST_KEPT / 2)) {
        // One that cannot be read must not keep the others: its first call meets the same error, and says so.
        await this.at(id as CampaignId, config_version).catch(() => undefined);
      }
    },
    async quiet() {
      while (refreshing.size > 0) await Promise.allSettled(refreshing.values());
    },
  };
}

/** Keeps what is being read, unless reading it fails. */
function keep<K, T>(store: Map<K, Promise<T>>, key: K, reading: Promise<T>): Promise<T> {
  if (store.size >= MOST_KEPT) store.clear();
  store.set(key, reading);
  reading.catch(() => {
    if (store.get(key) === reading) store.delete(key);
  });
  return reading;
}

/**
 * What of the campaign has not changed is taken over from `before`, with all that was made ready of it. Nobody gets a
 * campaign that is not on record: a choice made in it could never be made again.
 */
async function readCampaign(
  db: Pool,
  id: CampaignId,
  before: Promise<Campaign> | undefined,
): Promise<Campaign> {
  // A reading that failed has nothing to take over; whoever asked for it has been told.
  const old = await before?.catch(() => undefined);
  const [row, assignments] = await transaction(db, async (tx) => ({
    value: await Promise.all([loadCampaign(tx, id), loadAssignments(tx, id)]),
  }));
  if (row === null) throw new Error(`Campaign ${id} does not exist`);
  const campaign = readable(`campaign ${id}`, () => toCampaign(row, assignments, old?.assignments ?? []));
  return { ...campaign, recorded: await recordCampaign(db, campaign, old) };
}
