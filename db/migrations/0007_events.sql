-- Up Migration
-- Outgoing events: who wants to be told of what, what happened, and what became of telling it. An event and its
-- deliveries are written in the transaction of what happened, by one statement: db/queries/events/record.ts.

CREATE TABLE webhook_endpoints (
  id                    text PRIMARY KEY,
  kind                  text NOT NULL CHECK (kind IN ('webhook', 'pixel', 'template')),
  description           text NOT NULL,
  -- Of a pixel or template with tokens, as in domain/events/tokens.ts.
  url                   text NOT NULL,
  method                text NOT NULL CHECK (method IN ('GET', 'POST')),
  content_type          text,
  body_template         text,
  -- Names of events; `*`: all.
  event_types           text[] NOT NULL CHECK (cardinality(event_types) > 0),
  -- NULL: of all campaigns, and of none.
  campaign_ids          text[],
  enabled               boolean NOT NULL,
  -- Why it was switched off, when nobody did; NULL: somebody did, or it is on.
  disabled_because      text CHECK (disabled_because IN ('gone')),
  -- `whsec_` and base64; NULL: a pixel, which is not signed.
  secret                text,
  -- The one before, with which is signed as well for a while after a rotation.
  previous_secret       text,
  previous_secret_until timestamptz,
  -- Since when every attempt has failed; NULL: the last one did not.
  failing_since         timestamptz,
  -- Deliveries given up since one was taken.
  dead_in_a_row         integer NOT NULL DEFAULT 0,
  revision              integer NOT NULL DEFAULT 1,
  created_at            timestamptz NOT NULL DEFAULT now(),
  updated_at            timestamptz NOT NULL DEFAULT now(),
  -- Deliveries refer to it for ever; a removed one gets nothing more.
  removed_at            timestamptz,
  CHECK ((kind = 'pixel') = (secret IS NULL)),
  CHECK ((kind = 'template') = (body_template IS NOT NULL AND content_type IS NOT NULL)),
  CHECK (kind = 'pixel' OR method = 'POST'),
  CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL)),
  CHECK (NOT enabled OR disabled_because IS NULL)
);
CREATE INDEX webhook_endpoints_that_get_events ON webhook_endpoints (id) WHERE enabled AND removed_at IS NULL;

-- What happened, of which somebody wanted to be told when it did. The id is derived from what happened, so that
-- recording it again changes nothing.
CREATE TABLE events (
  id          text PRIMARY KEY,
  type        text NOT NULL,
  campaign_id text,
  call_id     text,
  at          timestamptz NOT NULL,
  -- `data` of the event as it is sent, a snapshot: contract/events.ts.
  data        jsonb NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX events_by_call ON events (call_id) WHERE call_id IS NOT NULL;
CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE ON events
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- 96 bits of what SHA-256 makes of a key, past which no two will ever meet by chance.
CREATE FUNCTION event_id(key text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 'evt_' || left(encode(sha256(convert_to(key, 'UTF8')), 'hex'), 24)
$$;

CREATE FUNCTION delivery_id(event_id text, endpoint_id text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 'wdl_' || left(encode(sha256(convert_to(event_id || '/' || endpoint_id, 'UTF8')), 'hex'), 24)
$$;

-- An instant as JSON carries it, whatever the zone of the session.
CREATE FUNCTION iso_instant(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- One event on its way to one endpoint. No foreign keys: they would lock the endpoint's row for every call that tells
-- it something, and each row is written by the statement that has just read what it refers to.
CREATE TABLE webhook_deliveries (
  -- Derived from event and endpoint: `delivery_id`.
  id           text PRIMARY KEY,
  -- Order of writing.
  seq          bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  event_id     text NOT NULL,
  endpoint_id  text NOT NULL,
  event_type   text NOT NULL,
  status       text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'dead', 'canceled')),
  -- When it is tried next. While an attempt is under way: when somebody else may try, should nothing be heard of it.
  due_at       timestamptz NOT NULL DEFAULT now(),
  -- Attempts begun, ever.
  attempts     integer NOT NULL DEFAULT 0,
  -- A redelivery begins a new series, with all its time and tries.
  series       integer NOT NULL DEFAULT 1,
  series_from  timestamptz NOT NULL DEFAULT now(),
  -- Attempts of this series that have failed.
  failures     integer NOT NULL DEFAULT 0,
  created_at   timestamptz NOT NULL DEFAULT now(),
  ended_at     timestamptz,
  UNIQUE (event_id, endpoint_id),
  CHECK ((status = 'waiting') = (ended_at IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at) WHERE status = 'waiting';
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, seq DESC);
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (seq DESC) WHERE status = 'dead';

-- The log of attempts. One without an end is under way, or its worker died.
CREATE TABLE webhook_attempts (
  delivery_id text NOT NULL REFERENCES webhook_deliveries,
  no          integer NOT NULL,
  started_at  timestamptz NOT NULL,
  ended_at    timestamptz,
  -- NULL: there was no answer.
  status_code integer,
  -- Why it is taken for a failure; NULL: it is none.
  error       text,
  -- The beginning of the answer's body.
  excerpt     text,
  latency_ms  integer,
  PRIMARY KEY (delivery_id, no)
);

-- Down Migration
DROP TABLE webhook_attempts, webhook_deliveries, events, webhook_endpoints;
DROP FUNCTION iso_instant(timestamptz);
DROP FUNCTION delivery_id(text, text);
DROP FUNCTION event_id(text);
