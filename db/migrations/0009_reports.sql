-- Up Migration
-- Reports: what calls and the ledger come to, rolled up by hour, and which hours have to be read from calls and ledger
-- themselves because something has changed since. Every answer is exact whether or not anything has been rolled up.

-- The channel in which the number was shown when the call came in: numbers and pools are edited later.
ALTER TABLE calls ADD COLUMN channel text;
UPDATE calls c SET channel = n.channel FROM numbers n WHERE n.e164 = c.dialed;

-- The calls of an hour of a campaign.
CREATE INDEX calls_by_campaign ON calls (campaign_id, received_at);

CREATE FUNCTION report_hour(at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT date_bin('1 hour', at, '2000-01-01 00:00:00+00')
$$;
-- Every zone's days have begun at a whole quarter of an hour since long before there were calls here.
CREATE FUNCTION report_quarter(at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT date_bin('15 minutes', at, '2000-01-01 00:00:00+00')
$$;

-- What sum() of bigint is without numeric in between, which takes most of the time of a report of many groups. Past 9.2
-- million million of a currency's unit it fails, and tells no wrong figure.
CREATE AGGREGATE report_sum(bigint) (SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE);

-- Hours of campaigns in which something has changed: a row a change, so that no two calls wait for each other. '' stands
-- for no campaign. Written with the change itself; who reads both sees both or neither.
CREATE TABLE report_changes (
  campaign_id text NOT NULL,
  hour        timestamptz NOT NULL
);
-- The same, once each, until the hour has been rolled up again.
CREATE TABLE report_stale_hours (
  hour        timestamptz NOT NULL,
  campaign_id text NOT NULL,
  -- How often it was marked: whoever rolled it up knows whether that was since.
  marks       integer NOT NULL DEFAULT 1,
  PRIMARY KEY (hour, campaign_id)
);

-- What has the same place in every dimension, in a quarter of an hour.
CREATE TABLE report_cells (
  quarter          timestamptz NOT NULL,
  campaign_id      text NOT NULL,
  currency         text NOT NULL,
  buyer_id         text,
  publisher_id     text,
  number           text,
  channel          text,
  country          text,
  state            text,
  area_code        text,
  plan_version     integer,
  migration_id     text,
  migration_side   text,
  outcome          text,
  tags             jsonb,
  received         integer NOT NULL,
  ended            integer NOT NULL,
  routed           integer NOT NULL,
  dials            integer NOT NULL,
  answered         integer NOT NULL,
  connected        integer NOT NULL,
  abandoned        integer NOT NULL,
  converted        integer NOT NULL,
  duration_seconds bigint NOT NULL,
  talk_seconds     bigint NOT NULL,
  revenue_micros   bigint NOT NULL,
  payout_micros    bigint NOT NULL,
  cost_micros      bigint NOT NULL
);
CREATE INDEX report_cells_by_time ON report_cells (quarter, campaign_id);

-- The same by the hour, for the whole campaign and cut by one more dimension: what years are read from. A table a cut, so
-- that reading one does not read the others.
CREATE TABLE report_hours (
  cut              text NOT NULL,
  hour             timestamptz NOT NULL,
  campaign_id      text NOT NULL,
  currency         text NOT NULL,
  -- Of the cut; NULL: has none. Of the cut `campaign` always.
  key              text,
  received         integer NOT NULL,
  ended            integer NOT NULL,
  routed           integer NOT NULL,
  dials            integer NOT NULL,
  answered         integer NOT NULL,
  connected        integer NOT NULL,
  abandoned        integer NOT NULL,
  converted        integer NOT NULL,
  duration_seconds bigint NOT NULL,
  talk_seconds     bigint NOT NULL,
  revenue_micros   bigint NOT NULL,
  payout_micros    bigint NOT NULL,
  cost_micros      bigint NOT NULL
) PARTITION BY LIST (cut);
CREATE TABLE report_hours_campaign PARTITION OF report_hours FOR VALUES IN ('campaign');
CREATE TABLE report_hours_buyer PARTITION OF report_hours FOR VALUES IN ('buyer');
CREATE TABLE report_hours_publisher PARTITION OF report_hours FOR VALUES IN ('publisher');
CREATE TABLE report_hours_channel PARTITION OF report_hours FOR VALUES IN ('channel');
CREATE TABLE report_hours_outcome PARTITION OF report_hours FOR VALUES IN ('outcome');
CREATE INDEX report_hours_by_time ON report_hours (hour, campaign_id);

CREATE FUNCTION mark_call_for_reports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO report_changes VALUES (coalesce(NEW.campaign_id, ''), report_hour(NEW.received_at));
  RETURN NULL;
END $$;
-- Rolled up is an hour in which no call goes on: what happens to one until it ends needs no mark of its own, nor do its
-- dials, which end with it. Money is the ledger's to mark.
CREATE TRIGGER calls_mark_reports_on_insert AFTER INSERT ON calls
  FOR EACH ROW EXECUTE FUNCTION mark_call_for_reports();
CREATE TRIGGER calls_mark_reports_on_update AFTER UPDATE ON calls
  FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL
        AND (OLD.converted, OLD.outcome, OLD.ended_at, OLD.duration_seconds, OLD.talk_seconds, OLD.buyer_id,
             OLD.publisher_id, OLD.dialed, OLD.channel, OLD.plan_version, OLD.migration_id, OLD.migration_side,
             OLD.geography, OLD.qualifications)
            IS DISTINCT FROM
            (NEW.converted, NEW.outcome, NEW.ended_at, NEW.duration_seconds, NEW.talk_seconds, NEW.buyer_id,
             NEW.publisher_id, NEW.dialed, NEW.channel, NEW.plan_version, NEW.migration_id, NEW.migration_side,
             NEW.geography, NEW.qualifications))
  EXECUTE FUNCTION mark_call_for_reports();

CREATE FUNCTION mark_moved_call_for_reports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO report_changes
  VALUES (coalesce(OLD.campaign_id, ''), report_hour(OLD.received_at)),
         (coalesce(NEW.campaign_id, ''), report_hour(NEW.received_at));
  RETURN NULL;
END $$;
CREATE TRIGGER calls_mark_reports_on_move AFTER UPDATE ON calls
  FOR EACH ROW WHEN (OLD.campaign_id IS DISTINCT FROM NEW.campaign_id OR OLD.received_at IS DISTINCT FROM NEW.received_at)
  EXECUTE FUNCTION mark_moved_call_for_reports();

CREATE FUNCTION mark_entry_for_reports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO report_changes VALUES (coalesce(NEW.campaign_id, ''), report_hour(NEW.occurred_at));
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_entries_mark_reports AFTER INSERT ON ledger_entries
  FOR EACH ROW EXECUTE FUNCTION mark_entry_for_reports();

-- All that there is has to be rolled up once.
INSERT INTO report_stale_hours
SELECT DISTINCT report_hour(received_at), coalesce(campaign_id, '') FROM calls
UNION
SELECT DISTINCT report_hour(occurred_at), coalesce(campaign_id, '') FROM ledger_entries;

-- Down Migration
DROP TRIGGER ledger_entries_mark_reports ON ledger_entries;
DROP TRIGGER calls_mark_reports_on_move ON calls;
DROP TRIGGER calls_mark_reports_on_update ON calls;
DROP TRIGGER calls_mark_reports_on_insert ON calls;
DROP TABLE report_hours, report_cells, report_stale_hours, report_changes;
DROP AGGREGATE report_sum(bigint);
DROP FUNCTION mark_entry_for_reports(), mark_moved_call_for_reports(),
  mark_call_for_reports(), report_quarter(timestamptz), report_hour(timestamptz);
DROP INDEX calls_by_campaign;
ALTER TABLE calls DROP COLUMN channel;
