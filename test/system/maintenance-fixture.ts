import { createSweep, type SweepDependencies } from '../../activities/maintenance/sweep';
import type { Swept } from '../../activities/maintenance';
import type { Call } from '../../contract/call';
import { serveCarrierRest, type CarrierRest } from '../../telephony/simulator';
import type { CarrierInquiry } from '../../telephony/inquiry';
import { createTwimlInquiry } from '../../telephony/twiml/inquiry';
import { createCallWorkflows } from '../../workers/call-workflows';
import { callWorkflowId } from '../../workflows/ids';
import { insertCampaign, type TestCampaign } from './campaign-fixture';
import { eventually } from './eventually';
import { ACCOUNT_SID, AUTH_TOKEN, startSystem, type SystemUnderTest } from './system';

/** A carrier that can be asked about its calls. */
export async function startAskableCarrier(): Promise<{ rest: CarrierRest; inquiry: CarrierInquiry }> {
  const rest = await serveCarrierRest({ accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN });
  const inquiry = createTwimlInquiry({
    carrier: 'twilio',
    root: `${rest.url}/2010-04-01`,
    user: ACCOUNT_SID,
    token: AUTH_TOKEN,
  });
  return { rest, inquiry };
}

export interface Ringing {
  readonly sid: string;
  readonly workflowId: string;
}

/** A system with one campaign, whose holds a test looks after itself. */
export interface Maintained {
  readonly system: SystemUnderTest;
  /** A look at all holds now, as if every lease had run out. Fails when a carrier could not be asked, or a call is stuck. */
  sweepNow(options?: Partial<SweepDependencies>): Promise<Swept>;
  /** A call whose buyer's telephone rings, as a webhook made it. */
  ringing(): Promise<Ringing>;
  terminate(call: Pick<Ringing, 'workflowId'>): Promise<void>;
  freedOf(sid: string): Promise<{ reason: string; carrier_says: string | null }[]>;
}

/** @param inquiries `null`: workers set up no maintenance of their own */
export async function startMaintained(
  campaign: TestCampaign,
  inquiries: readonly CarrierInquiry[] | null,
): Promise<Maintained> {
  const system = await startSystem(inquiries === null ? {} : { inquiries });
  await insertCampaign(system.db, campaign);
  const workflows = createCallWorkflows(system.temporal);
  const unexpected = (what: unknown, error: unknown): void => {
    throw new Error(JSON.stringify(what), { cause: error });
  };
  return {
    system,
    async sweepNow(options = {}) {
      await system.db.query(`UPDATE reservations SET lease_until = reserved_at WHERE status = 'pending'`);
      const sweep = createSweep({
        db: system.db,
        workflows,
        inquiries: [],
        onCarrierError: unexpected,
        onStuck: unexpected,
        ...options,
      });
      return sweep();
    },
    async ringing() {
      const sid = system.carrier.newSid();
      const answer = await system.carrier.post('voice', sid, { To: campaign.number });
      expect(answer.verbs[0]?.name).toBe('Dial');
      return { sid, workflowId: callWorkflowId({ carrier: 'twilio', accountSid: ACCOUNT_SID, sid }) };
    },
    async terminate({ workflowId }) {
      await system.temporal.workflow.getHandle(workflowId).terminate('test');
      // Until the visibility store has it too, a sweep takes the call for one that lives, and renews its lease.
      await eventually(async () => expect(await workflows.listRunning([workflowId])).toEqual(new Set()));
    },
    async freedOf(sid) {
      const { rows } = await system.db.query<{ reason: string; carrier_says: string | null }>(
        `SELECT f.reason, f.carrier_says FROM freed_reservations f JOIN calls c ON c.id = f.call_id WHERE c.sid = $1`,
        [sid],
      );
      return rows;
    },
  };
}

export function stepsOf(call: Call): string[] {
  return call.timeline.map(({ step }) => step);
}
