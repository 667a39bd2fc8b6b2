-- Up Migration
-- Reports that are kept, and what campaigns are to come to.

CREATE TABLE saved_reports (
  id         text PRIMARY KEY,
  name       text NOT NULL,
  -- As the query of GET /api/v1/reports without its range, each value text or a list of texts.
  query      jsonb NOT NULL,
  -- {lastDays}, {period} or {from, to}, as in contract/resources/saved-report.
  range      jsonb NOT NULL,
  revision   integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT saved_reports_name UNIQUE (name)
);
CREATE INDEX saved_reports_by_creation ON saved_reports (created_at DESC, id DESC);

-- What a campaign is to come to in each period of its own zone: one goal each. NULL: nothing is asked of that.
CREATE TABLE campaign_goals (
  campaign_id          text PRIMARY KEY REFERENCES campaigns,
  period               text NOT NULL CHECK (period IN ('day', 'week', 'month')),
  calls                integer CHECK (calls > 0),
  cost_per_call_micros bigint CHECK (cost_per_call_micros >= 0),
  conversion_rate      double precision CHECK (conversion_rate BETWEEN 0 AND 1),
  revision             integer NOT NULL DEFAULT 1,
  created_at           timestamptz NOT NULL DEFAULT now(),
  updated_at           timestamptz NOT NULL DEFAULT now(),
  CHECK (num_nonnulls(calls, cost_per_call_micros, conversion_rate) > 0)
);

-- Down Migration
DROP TABLE campaign_goals, saved_reports;
