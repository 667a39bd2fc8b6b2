-- Up Migration
-- Campaigns in full: versions with drafts, rules and strategies, IVR flows as graphs, screening, duplicates, dialling,
-- an audit trail, idempotent requests, and a number that tells readers when their copy of a campaign is stale.

ALTER TABLE publishers
  ADD COLUMN revision   integer NOT NULL DEFAULT 1,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();

ALTER TABLE buyers
  ADD COLUMN status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused')),
  ADD COLUMN revision   integer NOT NULL DEFAULT 1,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();

ALTER TABLE campaigns
  -- Countries and states the campaign is for, as `US` or `US-CA`: a label, not a rule.
  ADD COLUMN geography           jsonb NOT NULL DEFAULT '[]',
  -- [{date, name}]: days on which the campaign's clock has a holiday.
  ADD COLUMN holidays            jsonb NOT NULL DEFAULT '[]',
  -- The same caller within so many seconds is spam; 0: never.
  ADD COLUMN spam_window_seconds integer NOT NULL DEFAULT 0 CHECK (spam_window_seconds BETWEEN 0 AND 86400),
  -- STIR/SHAKEN: callers attested worse, or not at all, are blocked; null: anybody may call.
  ADD COLUMN minimum_attestation text CHECK (minimum_attestation IN ('A', 'B', 'C')),
  -- {definition, treatment, days} as in domain/campaign/duplicates.ts; null: no rule.
  ADD COLUMN duplicates          jsonb,
  -- Counts edits by people: the ETag.
  ADD COLUMN revision            integer NOT NULL DEFAULT 1,
  -- Counts everything a cached copy of the campaign would miss: its own row, versions, assignments, buyers.
  ADD COLUMN config_version      bigint NOT NULL DEFAULT 1,
  ADD COLUMN updated_at          timestamptz NOT NULL DEFAULT now();
-- A draft that never had a plan can be archived.
ALTER TABLE campaigns
  DROP CONSTRAINT campaigns_check,
  ADD CONSTRAINT campaigns_have_a_plan CHECK (status IN ('draft', 'archived') OR plan_version IS NOT NULL);

ALTER TABLE numbers
  ADD COLUMN revision   integer NOT NULL DEFAULT 1,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX numbers_by_campaign ON numbers (campaign_id);

-- How a buyer is dialled moves into one document: domain/campaign/dialing.ts.
ALTER TABLE assignments
  ADD COLUMN dialing             jsonb,
  ADD COLUMN hours               jsonb,
  -- Calls it takes, as in domain/condition.ts; null: all.
  ADD COLUMN filter              jsonb,
  ADD COLUMN conversion_estimate double precision NOT NULL DEFAULT 1
    CHECK (conversion_estimate BETWEEN 0 AND 1),
  ADD COLUMN revision            integer NOT NULL DEFAULT 1,
  ADD COLUMN updated_at          timestamptz NOT NULL DEFAULT now(),
  -- Attempts refer to it for ever; a removed one takes no more calls.
  ADD COLUMN removed_at          timestamptz;
UPDATE assignments
   SET dialing = jsonb_build_object('destinations', jsonb_build_array(destination),
                                    'ringTimeoutSeconds', ring_timeout_seconds);
ALTER TABLE assignments
  ALTER COLUMN dialing SET NOT NULL,
  DROP COLUMN destination,
  DROP COLUMN ring_timeout_seconds;
CREATE INDEX assignments_by_buyer ON assignments (buyer_id);

ALTER TABLE attempts
  ADD COLUMN destinations jsonb,
  -- {whisper, acceptance}: what whoever answers hears before the caller is put through; null: nothing.
  ADD COLUMN announcement jsonb,
  -- When each leg of the dial was first asked, by the leg's SID: copies of that webhook get the same answer.
  ADD COLUMN asked_legs   jsonb NOT NULL DEFAULT '{}',
  -- The buyer pressed the key that accepts the call, so many seconds after being asked.
  ADD COLUMN accepted_at  timestamptz,
  ADD COLUMN screening_seconds integer;
UPDATE attempts SET destinations = jsonb_build_array(destination);
ALTER TABLE attempts ALTER COLUMN destinations SET NOT NULL, DROP COLUMN destination;

ALTER TABLE calls ADD COLUMN attestation text;
-- What was one menu is an IVR flow now.
UPDATE calls SET state = 'ivr' WHERE state = 'menu';
UPDATE timeline_entries SET step = CASE step WHEN 'menu_played' THEN 'ivr_asked' ELSE 'ivr_answered' END
 WHERE step IN ('menu_played', 'menu_answered');
-- What a caller did before in a campaign: duplicate rules, spam windows, conditions on caller history.
CREATE INDEX calls_by_caller ON calls (campaign_id, caller, received_at DESC) WHERE caller IS NOT NULL;

-- A number, or a prefix of numbers, that may not call: one campaign, or all of them.
ALTER TABLE blocked_callers RENAME TO blocked_callers_before;
CREATE TABLE blocked_callers (
  id          text PRIMARY KEY,
  kind        text NOT NULL CHECK (kind IN ('number', 'prefix')),
  pattern     text NOT NULL CHECK (pattern ~ '^\+[0-9]{1,15}$'),
  campaign_id text REFERENCES campaigns,
  reason      text NOT NULL,
  revision    integer NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE NULLS NOT DISTINCT (pattern, kind, campaign_id)
);
INSERT INTO blocked_callers (id, kind, pattern, reason, created_at)
SELECT 'blk_' || left(md5(e164), 20), 'number', e164, reason, created_at FROM blocked_callers_before
 WHERE e164 ~ '^\+[0-9]{1,15}$';
DROP TABLE blocked_callers_before;

-- Versions tell where they come from; what was published in the first shape is brought to the one that replaced it,
-- without a change of meaning.
ALTER TABLE routing_plans ADD COLUMN published_by text NOT NULL DEFAULT 'set-up', ADD COLUMN note text NOT NULL DEFAULT '',
  ADD COLUMN reverts integer;
ALTER TABLE ivr_flows ADD COLUMN published_by text NOT NULL DEFAULT 'set-up', ADD COLUMN note text NOT NULL DEFAULT '',
  ADD COLUMN reverts integer;
ALTER TABLE routing_plans DISABLE TRIGGER routing_plans_are_immutable;
ALTER TABLE ivr_flows DISABLE TRIGGER ivr_flows_are_immutable;
UPDATE routing_plans
   SET definition = jsonb_build_object(
         'rules', jsonb_build_array(jsonb_build_object('name', 'everyone',
                                                       'strategy', jsonb_build_object('kind', definition->>'strategy'))),
         'maxAttempts', definition->'maxAttempts',
         'fallback', definition->'fallback')
 WHERE definition ? 'strategy';
UPDATE ivr_flows f
   SET definition = jsonb_build_object('start', 'menu', 'nodes', jsonb_build_object(
         'menu', jsonb_build_object(
           'kind', 'menu',
           'prompt', m.menu->'prompt',
           'retryPrompt', m.menu->'retryPrompt',
           'options', (SELECT jsonb_agg(o || '{"next": "route"}') FROM jsonb_array_elements(m.menu->'options') o),
           'timeoutSeconds', m.menu->'timeoutSeconds',
           'tries', m.menu->'tries',
           'noAnswer', CASE m.menu->'whenUnanswered'->>'kind' WHEN 'route' THEN 'route' ELSE 'goodbye' END),
         'route', '{"kind": "route"}'::jsonb)
       || CASE m.menu->'whenUnanswered'->>'kind'
            WHEN 'route' THEN '{}'
            ELSE jsonb_build_object('goodbye', jsonb_build_object('kind', 'hang_up',
                                                                  'prompt', m.menu->'whenUnanswered'->'prompt',
                                                                  'outcome', 'abandoned_ivr'))
          END)
  FROM (SELECT campaign_id, version, definition->'menu' AS menu FROM ivr_flows) m
 WHERE m.campaign_id = f.campaign_id AND m.version = f.version AND f.definition ? 'menu';
ALTER TABLE routing_plans ENABLE TRIGGER routing_plans_are_immutable;
ALTER TABLE ivr_flows ENABLE TRIGGER ivr_flows_are_immutable;

-- What is being edited. One draft a campaign and kind; publishing makes the next version of it.
CREATE TABLE routing_plan_drafts (
  campaign_id text PRIMARY KEY REFERENCES campaigns,
  definition  jsonb NOT NULL,
  -- The version the edit began from; null: none was there.
  based_on    integer,
  revision    integer NOT NULL DEFAULT 1,
  updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE ivr_flow_drafts (
  campaign_id text PRIMARY KEY REFERENCES campaigns,
  definition  jsonb NOT NULL,
  based_on    integer,
  revision    integer NOT NULL DEFAULT 1,
  updated_at  timestamptz NOT NULL DEFAULT now()
);

-- Round robin: who was dialled last under a rule. Read and written under one advisory lock a rule.
CREATE SEQUENCE round_robin_turns_seq;
CREATE TABLE round_robin_turns (
  campaign_id   text NOT NULL REFERENCES campaigns,
  rule          text NOT NULL,
  assignment_id text NOT NULL REFERENCES assignments,
  turn          bigint NOT NULL,
  PRIMARY KEY (campaign_id, rule, assignment_id)
) WITH (fillfactor = 50);

-- Who changed what, when. Append-only.
CREATE TABLE audit_entries (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at          timestamptz NOT NULL DEFAULT now(),
  actor       text NOT NULL,
  action      text NOT NULL,
  entity      text NOT NULL,
  entity_id   text NOT NULL,
  campaign_id text,
  before      jsonb,
  after       jsonb,
  request_id  text NOT NULL
);
CREATE INDEX audit_entries_by_entity ON audit_entries (entity, entity_id, id DESC);
CREATE INDEX audit_entries_by_campaign ON audit_entries (campaign_id, id DESC);
CREATE TRIGGER audit_entries_are_append_only BEFORE UPDATE OR DELETE ON audit_entries
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Answers of POST requests that came with an Idempotency-Key, written in the transaction of what they did.
CREATE TABLE idempotent_requests (
  key         text PRIMARY KEY,
  -- SHA-256 of method, path and body.
  fingerprint text NOT NULL,
  status      integer,
  headers     jsonb,
  body        jsonb,
  created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idempotent_requests_by_age ON idempotent_requests (created_at);

-- A copy of a campaign is fresh while its config_version is the stored one. Any writer counts it up, also one that
-- edits rows by hand; whoever listens on `callyard_config` is told the campaign's id at COMMIT.
CREATE FUNCTION count_campaign_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.config_version = OLD.config_version THEN
    NEW.config_version := OLD.config_version + 1;
  END IF;
  PERFORM pg_notify('callyard_config', NEW.id);
  RETURN NEW;
END $$;
CREATE TRIGGER campaigns_count_changes BEFORE UPDATE ON campaigns
  FOR EACH ROW EXECUTE FUNCTION count_campaign_change();

-- In the order of their ids, so that two writers cannot wait for each other.
CREATE FUNCTION touch_campaigns(ids text[]) RETURNS void LANGUAGE sql AS $$
  WITH locked AS (SELECT id FROM campaigns WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE)
  UPDATE campaigns c SET config_version = c.config_version + 1 FROM locked WHERE c.id = locked.id
$$;

CREATE FUNCTION touch_campaigns_of_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM touch_campaigns(ARRAY(SELECT DISTINCT campaign_id FROM changed));
  RETURN NULL;
END $$;
CREATE TRIGGER assignments_touch_on_insert AFTER INSERT ON assignments REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION touch_campaigns_of_assignments();
CREATE TRIGGER assignments_touch_on_update AFTER UPDATE ON assignments REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION touch_campaigns_of_assignments();
CREATE TRIGGER assignments_touch_on_delete AFTER DELETE ON assignments REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION touch_campaigns_of_assignments();

CREATE FUNCTION touch_campaigns_of_buyers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM touch_campaigns(ARRAY(
    SELECT DISTINCT a.campaign_id FROM changed JOIN assignments a ON a.buyer_id = changed.id));
  RETURN NULL;
END $$;
CREATE TRIGGER buyers_touch_on_update AFTER UPDATE ON buyers REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION touch_campaigns_of_buyers();

-- Down Migration
-- The columns of the first shape cannot be had back from the second without loss; a backup is the way back.
DO $$ BEGIN RAISE EXCEPTION 'migration 0002 cannot be undone: restore a backup'; END $$;
