-- Up Migration
-- Volume-shift migrations: which share of a campaign's callers a challenger gets, who is on which side, and what the
-- durable workflow `migration/<id>` has made of it so far.

CREATE TABLE migrations (
  id                       text PRIMARY KEY,
  name                     text NOT NULL,
  kind                     text NOT NULL CHECK (kind IN ('buyer', 'plan', 'campaign')),
  -- The control's. Its callers are divided.
  campaign_id              text NOT NULL REFERENCES campaigns,
  control_assignment_id    text REFERENCES assignments,
  challenger_assignment_id text REFERENCES assignments,
  control_version          integer,
  challenger_version       integer,
  challenger_campaign_id   text REFERENCES campaigns,
  -- Steps, guardrails and the rest of what was asked for, as in domain/migration.
  settings                 jsonb NOT NULL,
  -- The workflow's state as it stood at its last write, for whoever looks.
  status                   text NOT NULL,
  state                    jsonb NOT NULL,
  -- Whether callers are divided now, and how many of 10,000 go to the challenger.
  splits                   boolean NOT NULL DEFAULT false,
  share_basis_points       integer NOT NULL DEFAULT 0 CHECK (share_basis_points BETWEEN 0 AND 10000),
  -- Counts the times during which the share stayed the same: calls are compared within one of them.
  comparison               integer NOT NULL DEFAULT 0,
  revision                 integer NOT NULL DEFAULT 1,
  created_at               timestamptz NOT NULL DEFAULT now(),
  updated_at               timestamptz NOT NULL DEFAULT now(),
  started_at               timestamptz,
  ended_at                 timestamptz,
  FOREIGN KEY (campaign_id, control_version) REFERENCES routing_plans (campaign_id, version),
  FOREIGN KEY (campaign_id, challenger_version) REFERENCES routing_plans (campaign_id, version),
  CHECK ((kind = 'buyer') = (control_assignment_id IS NOT NULL AND challenger_assignment_id IS NOT NULL)),
  CHECK ((kind = 'plan') = (control_version IS NOT NULL AND challenger_version IS NOT NULL)),
  CHECK ((kind = 'campaign') = (challenger_campaign_id IS NOT NULL)),
  CHECK (control_assignment_id <> challenger_assignment_id),
  CHECK (control_version <> challenger_version),
  CHECK (campaign_id <> challenger_campaign_id)
);
CREATE INDEX migrations_by_campaign ON migrations (campaign_id, created_at DESC);
CREATE UNIQUE INDEX migrations_that_split ON migrations (campaign_id) WHERE splits;

-- Whose traffic is spoken for, from creation to the end: a second migration over it is refused.
CREATE TABLE migration_traffic (
  campaign_id  text PRIMARY KEY REFERENCES campaigns,
  migration_id text NOT NULL REFERENCES migrations
);
CREATE INDEX migration_traffic_by_migration ON migration_traffic (migration_id);

-- Calls look the split up in their campaign, in memory: whoever changes it makes the copies stale.
CREATE FUNCTION touch_campaign_of_migration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM touch_campaigns(ARRAY[NEW.campaign_id]);
  RETURN NULL;
END $$;
CREATE TRIGGER migrations_touch_on_split AFTER UPDATE OF splits, share_basis_points, comparison ON migrations
  FOR EACH ROW WHEN (OLD.splits IS DISTINCT FROM NEW.splits
                     OR OLD.comparison IS DISTINCT FROM NEW.comparison
                     OR OLD.share_basis_points IS DISTINCT FROM NEW.share_basis_points)
  EXECUTE FUNCTION touch_campaign_of_migration();

-- For ever. `migration_overflow`: the challenger had no room, so the caller went to the control after all.
ALTER TABLE calls
  ADD COLUMN migration_id       text REFERENCES migrations,
  ADD COLUMN migration_side     text CHECK (migration_side IN ('control', 'challenger')),
  ADD COLUMN migration_overflow boolean NOT NULL DEFAULT false,
  ADD COLUMN migration_comparison integer,
  ADD CHECK ((migration_id IS NULL) = (migration_side IS NULL));
CREATE INDEX calls_by_migration ON calls (migration_id, migration_comparison) WHERE migration_id IS NOT NULL;
ALTER TABLE attempts
  ADD COLUMN migration_id   text,
  ADD COLUMN migration_side text;
ALTER TABLE ledger_entries
  ADD COLUMN migration_id   text,
  ADD COLUMN migration_side text;

-- A plan version that is asked about every call of a campaign, and gets none of them.
CREATE TABLE shadow_plans (
  campaign_id text PRIMARY KEY REFERENCES campaigns,
  version     integer NOT NULL,
  since       timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (campaign_id, version) REFERENCES routing_plans (campaign_id, version)
);
CREATE FUNCTION touch_campaign_of_shadow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM touch_campaigns(ARRAY[coalesce(NEW.campaign_id, OLD.campaign_id)]);
  RETURN NULL;
END $$;
CREATE TRIGGER shadow_plans_touch AFTER INSERT OR UPDATE OR DELETE ON shadow_plans
  FOR EACH ROW EXECUTE FUNCTION touch_campaign_of_shadow();

-- What it would have done, beside what was done: of the first dial of each call. Amounts are what the buyer pays, in micros;
-- NULL: nobody.
CREATE TABLE shadow_decisions (
  call_id                  text PRIMARY KEY REFERENCES calls,
  -- Order of deciding.
  seq                      bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  campaign_id              text NOT NULL,
  live_version             integer NOT NULL,
  shadow_version           integer NOT NULL,
  live_assignment_id       text,
  live_price_micros        bigint,
  shadow_assignment_id     text,
  shadow_price_micros      bigint,
  currency                 text NOT NULL,
  decided_at               timestamptz NOT NULL
);
CREATE INDEX shadow_decisions_by_campaign ON shadow_decisions (campaign_id, shadow_version, seq DESC);

-- Down Migration
-- The sides of calls would be lost; a backup is the way back.
DO $$ BEGIN RAISE EXCEPTION 'migration 0004 cannot be undone: restore a backup'; END $$;
