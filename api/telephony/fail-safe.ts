import type { Pool } from 'pg';
import { z } from 'zod';
import { treatmentSchema } from '../../contract/prompt';
import {
  type FailSafeRow,
  insertFailSafe,
  loadFailSafeRoutes,
  markFailSafeTold,
  untoldFailSafes,
} from '../../db/queries/failSafe';
import { noteAfterEnd } from '../../db/queries/callbacks';
import type { CarrierMessage, FailSafeServed } from '../../domain/call/events';
import type { CallFacts } from '../../domain/call/facts';
import { HANG_UP, type Instructions } from '../../domain/instructions';
import { closingInstructions, keepsCallOpen, type Treatment } from '../../domain/treatment';
import type { Logger } from '../../runtime/logger';
import { updateIdFor } from '../../workflows/call/messages';
import { before } from '../deadline';
import type { CallGateway } from './call-gateway';
import { createSpool } from './spool';

/** What a caller hears when the number has no fail-safe route of its own. */
const APOLOGY: Treatment = {
  kind: 'message',
  prompt: {
    text: 'We are sorry, we cannot take your call right now. Please try again in a few minutes.',
    language: 'en-US',
  },
};

/** An answer the API gave without the call's workflow, and what the workflow has to hear of it. */
interface FailSafeAnswer {
  readonly id: string;
  readonly facts: CallFacts;
  readonly served: FailSafeServed;
}

const answerSchema = z.object({ id: z.string(), facts: z.looseObject({}), served: z.looseObject({}) });

export interface FailSafe {
  /** Instructions for a caller whose webhook got no answer in time, remembered before they are returned. */
  serve(facts: CallFacts, message: CarrierMessage, cause: string): Promise<Instructions>;
  /** Loads routes, then keeps them fresh and tells workflows what was served, until `stop`. */
  start(): void;
  /** Stops the loop after a last round. */
  stop(): Promise<void>;
}

export interface FailSafeOptions {
  readonly db: Pool;
  readonly gateway: CallGateway;
  readonly log: Logger;
  /** Where answers are kept while PostgreSQL is away. */
  readonly spoolDir: string;
  /** Pause between rounds, in milliseconds. */
  readonly intervalMs: number;
}

/** PostgreSQL's share of the time between our deadline and the carrier's, in milliseconds. */
const JOURNAL_MS = 150;
/** How long the carrier waits for a local file; the write goes on if the disk is slower. Milliseconds. */
const SPOOL_MS = 200;
/** How long one workflow may take to hear of its fail-safe, in milliseconds. */
const TELL_MS = 5_000;
/** After so many failures in a row the rest waits for the next round. */
const MOST_FAILURES = 3;

/**
 * Answers carriers when Temporal or PostgreSQL does not. Each answer is written down first, in PostgreSQL or else in
 * a local file, and told to the call's workflow as soon as one can be reached, so that the call is on record and what
 * was reserved for it is given back.
 */
export function createFailSafe({ db, gateway, log, spoolDir, intervalMs }: FailSafeOptions): FailSafe {
  let routes = new Map<string, Treatment>();
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();
  let stopping = false;
  const spool = createSpool(spoolDir);

  async function remember(answer: FailSafeAnswer): Promise<void> {
    try {
      const { id, facts, served } = answer;
      const row = { id, callId: facts.callId, payload: answer, servedAt: served.at };
      await before(Date.now() + JOURNAL_MS, insertFailSafe(db, row));
    } catch (error) {
      log.warn(
        { err: error, callId: answer.facts.callId },
        'fail-safe answer kept in a file until PostgreSQL is back',
      );
      const spooled = spool.append(answer);
      spooled.catch((failure: unknown) => {
        log.error({ err: failure, callId: answer.facts.callId }, 'fail-safe answer could not be kept');
      });
      await before(Date.now() + SPOOL_MS, spooled).catch(() => undefined); // logged above, or only slow
    }
  }

  async function refreshRoutes(): Promise<void> {
    const rows = await loadFailSafeRoutes(db);
    routes = new Map(
      rows.flatMap(({ e164, route }) => {
        const parsed = treatmentSchema.safeParse(route);
        if (!parsed.success)
          log.error({ number: e164, problem: parsed.error.message }, 'fail-safe route is not valid');
        return parsed.success ? [[e164, parsed.data] as const] : [];
      }),
    );
  }

  /** Moves what was spooled into PostgreSQL. */
  async function unspool(): Promise<void> {
    await spool.drain(async (line) => {
      const item = parseLine(line);
      if (item === null) return;
      const answer = parseAnswer(item);
      const { id, facts, served } = answer;
      await insertFailSafe(db, { id, callId: facts.callId, payload: answer, servedAt: served.at });
    });
  }

  /** A line that is torn belongs to a process that died while it wrote, before any carrier got that answer. */
  function parseLine(line: string): unknown {
    try {
      return JSON.parse(line);
    } catch (error) {
      log.error({ err: error, line: line.slice(0, 40) }, 'torn line in the fail-safe spool is dropped');
      return null;
    }
  }

  async function tellWorkflows(): Promise<void> {
    let failures = 0;
    for (const row of await untoldFailSafes(db, 100)) {
      // One that cannot be told must not keep the others waiting; several in a row mean that Temporal is away.
      if (stopping || failures >= MOST_FAILURES) return;
      try {
        await tellWorkflow(row);
        failures = 0;
      } catch (error) {
        failures += 1;
        log.warn({ err: error, callId: row.call_id }, 'fail-safe answer will be told again');
      }
    }
  }

  async function tellWorkflow(row: FailSafeRow): Promise<void> {
    const { facts, served } = parseAnswer(row.payload);
    const told = await gateway.tellFailSafe(facts, served, Date.now() + TELL_MS);
    if (!told) {
      await noteAfterEnd(db, facts.callId, {
        key: `fail_safe:${served.message.type}:${served.at}`,
        at: served.at,
        step: 'fail_safe',
        decision: 'the API had answered with the fail-safe route',
        detail: { cause: served.cause, message: served.message.type },
      });
    }
    await markFailSafeTold(db, row.id);
    log.info({ callId: facts.callId, told }, 'fail-safe answer back-filled');
  }

  async function oneRound(): Promise<void> {
    // Each by itself: what keeps one from working must not keep the others.
    for (const work of [refreshRoutes, unspool, tellWorkflows]) {
      try {
        await work();
      } catch (error) {
        log.warn({ err: error, work: work.name }, 'fail-safe round will be tried again');
      }
    }
  }

  function schedule(): void {
    timer = setTimeout(() => {
      round = oneRound().finally(() => {
        if (timer !== undefined) schedule();
      });
    }, intervalMs);
  }

  return {
    async serve(facts, message, cause) {
      const served: FailSafeServed = { type: 'fail_safe_served', at: message.at, cause, message };
      await remember({ id: `${facts.callId}/${updateIdFor(message)}/${message.at}`, facts, served });
      // The talk is over: hanging up is what the workflow would have said.
      if (message.type === 'dial_finished' && message.status === 'completed') return HANG_UP;
      if (message.type === 'fallback_finished') return HANG_UP;
      return instructionsFor(routes.get(facts.to) ?? APOLOGY, facts);
    },
    start() {
      round = oneRound();
      schedule();
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      timer = undefined;
      await round;
    },
  };
}

function parseAnswer(value: unknown): FailSafeAnswer {
  return answerSchema.parse(value) as unknown as FailSafeAnswer;
}

function instructionsFor(treatment: Treatment, facts: CallFacts): Instructions {
  if (!keepsCallOpen(treatment)) return closingInstructions(treatment);
  const callback = { step: 'fallback', call: facts.callId } as const;
  if (treatment.kind === 'voicemail') {
    return [{ verb: 'voicemail', prompt: treatment.prompt, maxSeconds: treatment.maxSeconds, callback }];
  }
  return [
    {
      verb: 'dial',
      destinations: [treatment.destination],
      callerId: null,
      announce: false,
      ringTimeoutSeconds: treatment.ringTimeoutSeconds,
      timeLimitSeconds: FAIL_SAFE_TALK_SECONDS,
      reportAnswer: false,
      record: false,
      callback,
    },
  ];
}

/** Nobody watches over a call that runs on the fail-safe: it ends after four hours, Twilio's own maximum. */
const FAIL_SAFE_TALK_SECONDS = 14_400;
