-- Up Migration
-- What the choice of a buyer rested on, kept so that any version of a plan can be asked again; what limits were, and
-- when; and backtests, which ask.

-- A campaign as choices met it, without its plan, and its assignments, each kept once however often it was met. The key
-- is what SHA-256 makes of the body.
CREATE TABLE decision_assignments (
  digest text PRIMARY KEY,
  body   jsonb NOT NULL
);
CREATE TABLE decision_campaigns (
  digest text PRIMARY KEY,
  -- Names its assignments by their digests.
  body   jsonb NOT NULL
);

-- The first choice in a call: later ones rest on the same facts.
CREATE TABLE decision_records (
  call_id         text PRIMARY KEY REFERENCES calls,
  -- Whose plan chose: of a call that a challenger had no room for, the control's.
  campaign_id     text NOT NULL,
  campaign_digest text NOT NULL,
  decided_at      timestamptz NOT NULL,
  -- {geography, channel, tags, history, payout} as in domain/backtest.
  facts           jsonb NOT NULL
);
CREATE INDEX decision_records_by_campaign ON decision_records (campaign_id, decided_at, call_id);

-- Every state a limit has been in. Those from before this table stand for all the time before.
CREATE TABLE limit_versions (
  limit_id    text NOT NULL,
  seq         bigint GENERATED ALWAYS AS IDENTITY,
  scope       text NOT NULL,
  scope_kind  text NOT NULL,
  "window"    text NOT NULL,
  counts      text NOT NULL,
  maximum     bigint NOT NULL,
  time_zone   text NOT NULL,
  currency    text,
  valid_from  timestamptz NOT NULL,
  -- NULL: still.
  valid_until timestamptz,
  PRIMARY KEY (limit_id, seq)
);
CREATE INDEX limit_versions_by_scope ON limit_versions (scope);
INSERT INTO limit_versions (limit_id, scope, scope_kind, "window", counts, maximum, time_zone, currency, valid_from)
SELECT id, scope, scope_kind, "window", counts, maximum, time_zone, currency, '-infinity' FROM limits;

CREATE FUNCTION record_limit_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  at timestamptz := limit_clock();
BEGIN
  IF TG_OP <> 'INSERT' THEN
    UPDATE limit_versions SET valid_until = at WHERE limit_id = OLD.id AND valid_until IS NULL;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO limit_versions (limit_id, scope, scope_kind, "window", counts, maximum, time_zone, currency, valid_from)
    VALUES (NEW.id, NEW.scope, NEW.scope_kind, NEW."window", NEW.counts, NEW.maximum, NEW.time_zone, NEW.currency, at);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER limits_keep_versions AFTER INSERT OR DELETE ON limits
  FOR EACH ROW EXECUTE FUNCTION record_limit_version();
CREATE TRIGGER limits_keep_versions_of_updates AFTER UPDATE ON limits
  FOR EACH ROW WHEN (OLD.maximum <> NEW.maximum OR OLD.time_zone <> NEW.time_zone
                     OR OLD.currency IS DISTINCT FROM NEW.currency)
  EXECUTE FUNCTION record_limit_version();

-- A plan version run over past calls.
CREATE TABLE backtests (
  id          text PRIMARY KEY,
  campaign_id text NOT NULL REFERENCES campaigns,
  version     integer NOT NULL,
  -- Calls that came in during it; the end is not part of it.
  period_from timestamptz NOT NULL,
  period_to   timestamptz NOT NULL,
  -- How often the period is run, each time with other outcomes of dials that were never made.
  runs        integer NOT NULL CHECK (runs BETWEEN 1 AND 200),
  -- What those outcomes are drawn by: the same seed gives the same figures.
  seed        text NOT NULL,
  status      text NOT NULL DEFAULT 'waiting'
    CHECK (status IN ('waiting', 'running', 'completed', 'failed', 'cancelled')),
  -- Of the workflow's tries only the last one writes.
  try         integer NOT NULL DEFAULT 0,
  calls_done  integer NOT NULL DEFAULT 0,
  -- NULL: not counted yet.
  calls_total integer,
  -- As in contract/resources/backtest.ts.
  result      jsonb,
  failure     text,
  created_at  timestamptz NOT NULL DEFAULT now(),
  started_at  timestamptz,
  ended_at    timestamptz,
  FOREIGN KEY (campaign_id, version) REFERENCES routing_plans (campaign_id, version),
  CHECK (period_from < period_to),
  CHECK ((status = 'completed') = (result IS NOT NULL)),
  CHECK ((status = 'failed') = (failure IS NOT NULL)),
  CHECK ((status IN ('completed', 'failed', 'cancelled')) = (ended_at IS NOT NULL))
);
CREATE INDEX backtests_by_campaign ON backtests (campaign_id, created_at DESC);

-- Calls that would have gone elsewhere, in the order in which they came. Amounts are micros; NULL: nobody.
CREATE TABLE backtest_differences (
  backtest_id            text NOT NULL REFERENCES backtests,
  seq                    integer NOT NULL,
  call_id                text NOT NULL,
  decided_at             timestamptz NOT NULL,
  currency               text NOT NULL,
  -- Who was dialled first, and what came of the call.
  observed_assignment_id text,
  observed_buyer         text,
  observed_price_micros  bigint,
  observed_outcome       text NOT NULL,
  observed_revenue       bigint NOT NULL,
  -- Who would have been dialled first in most of the runs, and in how many of them.
  modelled_assignment_id text,
  modelled_buyer         text,
  modelled_price_micros  bigint,
  modelled_runs          integer NOT NULL,
  -- On average over the runs.
  expected_revenue       bigint NOT NULL,
  PRIMARY KEY (backtest_id, seq)
);

-- Down Migration
DROP TABLE backtest_differences, backtests, decision_records, decision_campaigns, decision_assignments;
DROP TRIGGER limits_keep_versions ON limits;
DROP TRIGGER limits_keep_versions_of_updates ON limits;
DROP FUNCTION record_limit_version();
DROP TABLE limit_versions;
