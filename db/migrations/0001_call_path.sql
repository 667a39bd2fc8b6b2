-- Up Migration
-- The call path: who may call whom (campaigns, numbers, buyers, assignments, versioned plans and flows), what capacity
-- is held (limits, reservations), what happened (calls, attempts, timeline, recordings) and who owes what (ledger).
-- Ids are text and derived or chosen by the writer, so that every insert can be repeated. Money is bigint micros.

CREATE TABLE publishers (
  id          text PRIMARY KEY,
  name        text NOT NULL,
  -- {amountMicros, due} as in domain/call/attribution.ts; null: nothing is paid.
  payout      jsonb,
  created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE buyers (
  id          text PRIMARY KEY,
  name        text NOT NULL,
  time_zone   text NOT NULL,
  -- {timeZone, openings} as in domain/hours.ts; null: always open.
  hours       jsonb,
  created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE campaigns (
  id                text PRIMARY KEY,
  name              text NOT NULL,
  vertical          text NOT NULL,
  time_zone         text NOT NULL,
  currency          text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  status            text NOT NULL CHECK (status IN ('draft', 'active', 'paused', 'archived')),
  hours             jsonb,
  -- Treatments of callers who are not routed: {paused, blocked, afterHours} as in domain/treatment.ts.
  treatments        jsonb NOT NULL,
  anonymous_callers text NOT NULL CHECK (anonymous_callers IN ('allow', 'block')),
  max_call_seconds  integer NOT NULL CHECK (max_call_seconds BETWEEN 1 AND 86400),
  -- Whether carriers are asked for the answered event of a dialled buyer: live state at once, for one message a call.
  report_answer     boolean NOT NULL,
  record_calls      boolean NOT NULL,
  plan_version      integer,
  flow_version      integer,
  created_at        timestamptz NOT NULL DEFAULT now()
);

-- Immutable, numbered versions. A call keeps the ones it started with.
CREATE TABLE routing_plans (
  campaign_id  text NOT NULL REFERENCES campaigns,
  version      integer NOT NULL CHECK (version > 0),
  definition   jsonb NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (campaign_id, version)
);

CREATE TABLE ivr_flows (
  campaign_id  text NOT NULL REFERENCES campaigns,
  version      integer NOT NULL CHECK (version > 0),
  definition   jsonb NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (campaign_id, version)
);

ALTER TABLE campaigns
  ADD FOREIGN KEY (id, plan_version) REFERENCES routing_plans (campaign_id, version),
  ADD FOREIGN KEY (id, flow_version) REFERENCES ivr_flows (campaign_id, version),
  ADD CHECK (status = 'draft' OR plan_version IS NOT NULL);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % refused: rows are immutable, add a new one instead', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER routing_plans_are_immutable BEFORE UPDATE OR DELETE ON routing_plans
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ivr_flows_are_immutable BEFORE UPDATE OR DELETE ON ivr_flows
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE numbers (
  e164         text PRIMARY KEY CHECK (e164 ~ '^\+[1-9][0-9]{3,14}$'),
  campaign_id  text REFERENCES campaigns,
  publisher_id text REFERENCES publishers,
  channel      text NOT NULL,
  tags         jsonb NOT NULL DEFAULT '{}',
  -- The route the API serves by itself when Temporal or PostgreSQL does not answer in time; null: a polite message.
  fail_safe    jsonb,
  created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE assignments (
  id                   text PRIMARY KEY,
  campaign_id          text NOT NULL REFERENCES campaigns,
  buyer_id             text NOT NULL REFERENCES buyers,
  destination          jsonb NOT NULL,
  priority             integer NOT NULL CHECK (priority >= 1),
  weight               double precision NOT NULL CHECK (weight > 0),
  paused               boolean NOT NULL DEFAULT false,
  ring_timeout_seconds integer NOT NULL CHECK (ring_timeout_seconds BETWEEN 5 AND 120),
  -- {amountMicros, due}: what the buyer pays for a converted call.
  price                jsonb NOT NULL,
  created_at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX assignments_by_campaign ON assignments (campaign_id);

CREATE TABLE blocked_callers (
  e164       text PRIMARY KEY,
  reason     text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Limits that exist today: how many calls at once, and how many connections a day. Other scopes, windows and counted
-- events widen the CHECKs; the tables below already carry them.
CREATE TABLE limits (
  id         text PRIMARY KEY,
  scope_kind text NOT NULL CHECK (scope_kind IN ('buyer', 'assignment')),
  scope_id   text NOT NULL,
  "window"   text NOT NULL CHECK ("window" IN ('concurrency', 'day')),
  counts     text NOT NULL CHECK (counts IN ('connection')),
  maximum    bigint NOT NULL CHECK (maximum >= 0),
  -- The zone in which a day begins.
  time_zone  text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (scope_kind, scope_id, "window", counts)
);

-- One row per limit and window. posted + pending <= maximum is checked where capacity is taken, not here: a limit may
-- be lowered below what is already used.
CREATE TABLE limit_counters (
  limit_id     text NOT NULL REFERENCES limits ON DELETE CASCADE,
  -- Start of the window; '-infinity' for concurrency, which has only one.
  window_start timestamptz NOT NULL,
  posted       bigint NOT NULL DEFAULT 0 CHECK (posted >= 0),
  pending      bigint NOT NULL DEFAULT 0 CHECK (pending >= 0),
  PRIMARY KEY (limit_id, window_start)
) WITH (fillfactor = 50);

CREATE TABLE calls (
  id               text PRIMARY KEY,
  carrier          text NOT NULL,
  account_sid      text NOT NULL,
  sid              text NOT NULL,
  workflow_id      text NOT NULL,
  campaign_id      text REFERENCES campaigns,
  publisher_id     text REFERENCES publishers,
  plan_version     integer,
  flow_version     integer,
  caller           text,
  dialed           text NOT NULL,
  geography        jsonb NOT NULL DEFAULT '{}',
  qualifications   jsonb NOT NULL DEFAULT '{}',
  state            text NOT NULL,
  outcome          text,
  outcome_reason   text,
  buyer_id         text REFERENCES buyers,
  received_at      timestamptz NOT NULL,
  connected_at     timestamptz,
  ended_at         timestamptz,
  -- Whole seconds: first webhook to end, and buyer's answer to end.
  duration_seconds integer,
  talk_seconds     integer,
  converted        boolean,
  currency         text,
  revenue_micros   bigint,
  payout_micros    bigint,
  -- What the carrier says in its own last word on the call. Kept beside our figures, never instead of them.
  carrier_status   text,
  carrier_seconds  integer,
  UNIQUE (carrier, account_sid, sid),
  CHECK ((state = 'ended') = (outcome IS NOT NULL)),
  CHECK ((outcome IS NOT NULL) = (ended_at IS NOT NULL))
);
CREATE INDEX calls_by_time ON calls (received_at DESC, id DESC);
CREATE INDEX calls_by_sid ON calls (sid);

-- What each activity of a call decided, written in the transaction that carried it out. A step that is run again,
-- because its worker died before Temporal heard of it, finds its first answer here and does nothing.
CREATE TABLE call_steps (
  call_id text NOT NULL REFERENCES calls,
  step    text NOT NULL,
  result  jsonb NOT NULL,
  PRIMARY KEY (call_id, step)
);

CREATE TABLE attempts (
  id             text PRIMARY KEY,
  call_id        text NOT NULL REFERENCES calls,
  no             integer NOT NULL CHECK (no >= 1),
  assignment_id  text NOT NULL REFERENCES assignments,
  buyer_id       text NOT NULL REFERENCES buyers,
  destination    jsonb NOT NULL,
  ring_timeout_seconds integer NOT NULL,
  -- Money terms pinned at the choice: {currency, price, payout}.
  terms          jsonb NOT NULL,
  state          text NOT NULL,
  dialed_at      timestamptz NOT NULL,
  connected_at   timestamptz,
  ended_at       timestamptz,
  talk_seconds   integer,
  UNIQUE (call_id, no)
);

CREATE TABLE reservations (
  id          text PRIMARY KEY,
  call_id     text NOT NULL REFERENCES calls,
  attempt_id  text NOT NULL UNIQUE,
  status      text NOT NULL CHECK (status IN ('pending', 'posted', 'voided')),
  reserved_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  CHECK ((status = 'pending') = (resolved_at IS NULL))
);
CREATE INDEX reservations_by_call ON reservations (call_id);

-- What a reservation holds, one row per limit. Taken together, given back together.
CREATE TABLE reservation_holds (
  reservation_id text NOT NULL REFERENCES reservations,
  limit_id       text NOT NULL,
  window_start   timestamptz NOT NULL,
  amount         bigint NOT NULL CHECK (amount > 0),
  PRIMARY KEY (reservation_id, limit_id)
);

CREATE TABLE timeline_entries (
  call_id  text NOT NULL REFERENCES calls,
  key      text NOT NULL,
  -- Order of writing; entries of one instant keep it.
  seq      bigint GENERATED ALWAYS AS IDENTITY,
  at       timestamptz NOT NULL,
  step     text NOT NULL,
  decision text NOT NULL,
  detail   jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (call_id, key)
);

CREATE TABLE recordings (
  call_id          text NOT NULL REFERENCES calls,
  recording_sid    text NOT NULL,
  status           text NOT NULL,
  url              text,
  duration_seconds integer,
  updated_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (call_id, recording_sid)
);

-- Append-only. `cause` says what an entry was booked for, once.
CREATE TABLE ledger_entries (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  cause         text NOT NULL UNIQUE,
  kind          text NOT NULL CHECK (kind IN ('revenue', 'payout')),
  call_id       text NOT NULL REFERENCES calls,
  campaign_id   text NOT NULL REFERENCES campaigns,
  buyer_id      text REFERENCES buyers,
  publisher_id  text REFERENCES publishers,
  amount_micros bigint NOT NULL,
  currency      text NOT NULL,
  booked_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ledger_entries_by_call ON ledger_entries (call_id);
CREATE TRIGGER ledger_entries_are_append_only BEFORE UPDATE OR DELETE ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Webhooks that the API answered by itself and still has to tell the call's workflow.
CREATE TABLE fail_safe_answers (
  id         text PRIMARY KEY,
  call_id    text NOT NULL,
  payload    jsonb NOT NULL,
  served_at  timestamptz NOT NULL,
  told_at    timestamptz
);
CREATE INDEX fail_safe_answers_untold ON fail_safe_answers (served_at) WHERE told_at IS NULL;

-- Down Migration
DROP TABLE fail_safe_answers, ledger_entries, recordings, timeline_entries, reservation_holds, reservations, attempts,
  call_steps, calls, limit_counters, limits, blocked_callers, assignments, numbers CASCADE;
DROP TABLE ivr_flows, routing_plans, campaigns, buyers, publishers CASCADE;
DROP FUNCTION refuse_change();
