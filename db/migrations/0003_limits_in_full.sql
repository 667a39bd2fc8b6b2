-- Up Migration
-- Limits in full: every scope, window and counted event, spend among them; reservations that live as long as the
-- workflow they are for, keep what they were asked and answered, and tell what came of them; what was freed and why.

ALTER TABLE limits
  DROP CONSTRAINT limits_scope_kind_check,
  DROP CONSTRAINT limits_window_check,
  DROP CONSTRAINT limits_counts_check;
UPDATE limits SET counts = 'attempt' WHERE "window" = 'concurrency';
ALTER TABLE limits
  ADD CHECK (scope_kind IN ('campaign', 'publisher', 'buyer', 'assignment', 'destination')),
  ADD CHECK ("window" IN ('concurrency', 'hour', 'day', 'month', 'total')),
  ADD CHECK (counts IN ('attempt', 'connection', 'conversion', 'spend')),
  -- Ringing counts: a place is taken from the dial to the end of it.
  ADD CHECK ("window" <> 'concurrency' OR counts = 'attempt'),
  -- What a spend limit's micros are micros of. There are no exchange rates here.
  ADD COLUMN currency   text CHECK (currency ~ '^[A-Z]{3}$'),
  ADD CHECK ((counts = 'spend') = (currency IS NOT NULL)),
  ADD COLUMN scope      text GENERATED ALWAYS AS (scope_kind || ':' || scope_id) STORED,
  ADD COLUMN revision   integer NOT NULL DEFAULT 1,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  -- New, or moved into another zone: what was under way at that moment did not know, and is counted in by maintenance
  -- until this is over and it has looked once more; NULL: all is counted.
  ADD COLUMN adopts_until timestamptz DEFAULT now() + interval '1 minute';
CREATE INDEX limits_by_scope ON limits (scope);

ALTER TABLE limit_counters
  -- The window is over, or that of a zone the limit has left: a reservation that waited for this counter has to look for
  -- the one that counts now.
  ADD COLUMN closed boolean NOT NULL DEFAULT false;

-- The clock of limits. A function, so that a test can put another clock in its own database.
CREATE FUNCTION limit_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT clock_timestamp()';

-- The first instant at which clocks in a zone show a local time. Where they are put back across it (Havana, the Azores),
-- there are two, an hour apart, and PostgreSQL means the second.
CREATE FUNCTION limit_first_instant(shown timestamp, zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN ((shown AT TIME ZONE zone) - interval '1 hour') AT TIME ZONE zone = shown
              THEN (shown AT TIME ZONE zone) - interval '1 hour'
              ELSE shown AT TIME ZONE zone END
$$;

-- The window an instant lies in begins where its local start falls. An hour is counted back on the clock that runs, not
-- on the one that is read: the hour that comes twice on an autumn night is two windows.
CREATE FUNCTION limit_window_start("window" text, zone text, at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE "window"
           WHEN 'hour' THEN at - ((at AT TIME ZONE zone) - date_trunc('hour', at AT TIME ZONE zone))
           WHEN 'day' THEN limit_first_instant(date_trunc('day', at AT TIME ZONE zone), zone)
           WHEN 'month' THEN limit_first_instant(date_trunc('month', at AT TIME ZONE zone), zone)
           ELSE '-infinity'::timestamptz
         END
$$;

-- When the counts begin anew; NULL: never.
CREATE FUNCTION limit_window_end("window" text, zone text, at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE "window"
           WHEN 'hour' THEN limit_window_start('hour', zone, at) + interval '1 hour'
           WHEN 'day' THEN limit_first_instant(date_trunc('day', at AT TIME ZONE zone) + interval '1 day', zone)
           WHEN 'month' THEN limit_first_instant(date_trunc('month', at AT TIME ZONE zone) + interval '1 month', zone)
         END
$$;

ALTER TABLE reservations
  -- A hold is durable before the call it is for: it is taken by a statement of its own, for many calls at once.
  DROP CONSTRAINT reservations_call_id_fkey,
  DROP CONSTRAINT reservations_attempt_id_key,
  DROP CONSTRAINT reservations_status_check,
  DROP CONSTRAINT reservations_check,
  ADD CHECK (status IN ('pending', 'posted', 'voided', 'expired', 'refused')),
  ADD CHECK ((status = 'pending') = (resolved_at IS NULL)),
  ALTER COLUMN reserved_at SET DEFAULT limit_clock(),
  -- Whose life the hold is tied to; NULL: nobody's, it ends with the lease.
  ADD COLUMN workflow_id   text,
  -- Looked after from then on: renewed while the workflow lives, freed when it does not.
  ADD COLUMN lease_until   timestamptz,
  -- What was granted; NULL of a refusal.
  ADD COLUMN assignment_id text,
  -- All that had to have room, as `<kind>:<id>`.
  ADD COLUMN scopes        text[] NOT NULL DEFAULT '{}',
  -- The most that the attempt can cost its buyer and earn its publisher, in micros.
  ADD COLUMN spend_micros  bigint NOT NULL DEFAULT 0 CHECK (spend_micros >= 0),
  ADD COLUMN payout_micros bigint NOT NULL DEFAULT 0 CHECK (payout_micros >= 0),
  ADD COLUMN currency      text,
  -- Limits without room, in the order of the candidates: [{assignmentId, limitId, scope, window, counts, reason}].
  ADD COLUMN refusals      jsonb NOT NULL DEFAULT '[]',
  -- What came of it, once it is resolved.
  ADD COLUMN dialled       boolean NOT NULL DEFAULT false,
  ADD COLUMN connected     boolean NOT NULL DEFAULT false,
  ADD COLUMN converted     boolean NOT NULL DEFAULT false,
  ADD COLUMN spent_micros  bigint NOT NULL DEFAULT 0 CHECK (spent_micros BETWEEN 0 AND spend_micros),
  ADD COLUMN paid          boolean NOT NULL DEFAULT false,
  ADD COLUMN paid_micros   bigint NOT NULL DEFAULT 0 CHECK (paid_micros BETWEEN 0 AND payout_micros);

-- What was reserved before, as far as the attempt tells.
UPDATE reservations r
   SET workflow_id = c.workflow_id,
       lease_until = r.reserved_at + interval '20 seconds',
       assignment_id = a.assignment_id,
       scopes = array_remove(ARRAY['campaign:' || c.campaign_id, 'publisher:' || c.publisher_id,
                                   'buyer:' || a.buyer_id, 'assignment:' || a.assignment_id], NULL)
                || ARRAY(SELECT 'destination:' || coalesce('tel:' || (d->>'number'), d->>'uri')
                           FROM jsonb_array_elements(a.destinations) d),
       spend_micros = coalesce((a.terms->'price'->>'amountMicros')::bigint, 0),
       payout_micros = CASE jsonb_typeof(a.terms->'payout')
                         WHEN 'object' THEN (a.terms->'payout'->>'amountMicros')::bigint ELSE 0 END,
       currency = a.terms->>'currency',
       dialled = r.status <> 'pending',
       connected = r.status = 'posted',
       converted = r.status = 'posted' AND coalesce(c.converted, false),
       spent_micros = CASE WHEN r.status = 'posted'
                           THEN least(coalesce(c.revenue_micros, 0),
                                      coalesce((a.terms->'price'->>'amountMicros')::bigint, 0)) ELSE 0 END,
       paid = r.status = 'posted' AND coalesce(c.payout_micros, 0) > 0,
       paid_micros = CASE WHEN r.status = 'posted' AND jsonb_typeof(a.terms->'payout') = 'object'
                          THEN least(coalesce(c.payout_micros, 0), (a.terms->'payout'->>'amountMicros')::bigint)
                          ELSE 0 END
  FROM attempts a JOIN calls c ON c.id = a.call_id
 WHERE a.id = r.attempt_id;
UPDATE reservations SET lease_until = reserved_at WHERE lease_until IS NULL;
ALTER TABLE reservations ALTER COLUMN lease_until SET NOT NULL;
CREATE INDEX reservations_pending ON reservations (lease_until) WHERE status = 'pending';
CREATE INDEX reservations_by_time ON reservations USING brin (reserved_at);

-- Checked row by row, the keys cost a reservation more than all else it writes. Rows come from one statement only, which
-- has just read the limit and writes the reservation; a trigger below cleans up after a limit.
ALTER TABLE reservation_holds
  DROP CONSTRAINT reservation_holds_reservation_id_fkey;
CREATE INDEX reservation_holds_by_counter ON reservation_holds (limit_id, window_start);

-- What a resolved reservation counts towards a limit for good. On the publisher's side the publisher's money counts.
CREATE FUNCTION limit_posted_amount(
  "window" text, counts text, scope_kind text,
  dialled boolean, connected boolean, converted boolean, spent bigint, paid boolean, paid_micros bigint
) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
           WHEN "window" = 'concurrency' THEN 0
           WHEN counts = 'attempt' THEN dialled::int::bigint
           WHEN counts = 'connection' THEN connected::int::bigint
           WHEN counts = 'conversion' THEN (CASE scope_kind WHEN 'publisher' THEN paid ELSE converted END)::int::bigint
           ELSE CASE scope_kind WHEN 'publisher' THEN paid_micros ELSE spent END
         END
$$;

-- What the reservations say that each counter of a limit has to be, of windows that began at `since` or later.
CREATE FUNCTION limit_recount(only_limit text DEFAULT NULL, since timestamptz DEFAULT '-infinity')
RETURNS TABLE (limit_id text, window_start timestamptz, posted bigint, pending bigint)
LANGUAGE sql STABLE AS $$
  SELECT h.limit_id, h.window_start,
         coalesce(sum(limit_posted_amount(l."window", l.counts, l.scope_kind, r.dialled, r.connected, r.converted,
                                          r.spent_micros, r.paid, r.paid_micros))
                    FILTER (WHERE r.status <> 'pending'), 0)::bigint,
         coalesce(sum(h.amount) FILTER (WHERE r.status = 'pending'), 0)::bigint
    FROM reservation_holds h
    JOIN limits l ON l.id = h.limit_id
    JOIN reservations r ON r.id = h.reservation_id
   WHERE (only_limit IS NULL OR h.limit_id = only_limit) AND h.window_start >= since
   GROUP BY h.limit_id, h.window_start
$$;

-- Brings a limit to count what it would have counted, had it been there, and had its zone, all along: a new limit knows
-- the calls in progress and those of its current window. Nothing is refused or ended by it. Repeating it changes nothing.
-- The limit is locked before its counters: that is the order everywhere.
CREATE FUNCTION limit_adopt(adopting text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  l limits%ROWTYPE;
  start timestamptz;
  since timestamptz;
  own timestamptz[];
BEGIN
  SELECT * INTO l FROM limits WHERE id = adopting FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  LOOP
    start := limit_window_start(l."window", l.time_zone, limit_clock());
    -- Older windows than the longest one and a zone's difference are none of a reservation that can be moved.
    since := start - interval '33 days';
    INSERT INTO limit_counters (limit_id, window_start) VALUES (l.id, start) ON CONFLICT DO NOTHING;
    own := ARRAY(SELECT k.window_start FROM limit_counters k
                  WHERE k.limit_id = l.id AND k.window_start >= since ORDER BY k.window_start FOR UPDATE);
    EXIT WHEN start = limit_window_start(l."window", l.time_zone, limit_clock());
  END LOOP;
  -- From here on only these counters are touched: one that is opened now counts for itself.
  UPDATE reservation_holds h SET window_start = start
    FROM reservations r
   WHERE h.limit_id = l.id AND h.window_start = ANY (own) AND h.window_start <> start
     AND r.id = h.reservation_id AND r.reserved_at >= start
     AND limit_window_start(l."window", l.time_zone, r.reserved_at) = start;
  INSERT INTO reservation_holds (reservation_id, limit_id, window_start, amount)
  SELECT r.id, l.id, start,
         CASE WHEN l.counts <> 'spend' THEN 1
              WHEN l.scope_kind = 'publisher' THEN r.payout_micros
              ELSE r.spend_micros END
    FROM reservations r
   WHERE r.status <> 'refused'
     AND (r.status = 'pending' OR l."window" <> 'concurrency')
     AND r.reserved_at >= start
     -- Where clocks are put back by half an hour, not all that is later lies in the window.
     AND limit_window_start(l."window", l.time_zone, r.reserved_at) = start
     AND l.scope = ANY (r.scopes)
     AND (l.counts <> 'spend'
          OR (r.currency = l.currency
              AND 0 < CASE l.scope_kind WHEN 'publisher' THEN r.payout_micros ELSE r.spend_micros END))
      ON CONFLICT DO NOTHING;
  UPDATE limit_counters k
     SET posted = coalesce(c.posted, 0), pending = coalesce(c.pending, 0), closed = k.window_start <> start
    FROM unnest(own) AS o (window_start)
    LEFT JOIN limit_recount(l.id, since) c ON c.window_start = o.window_start
   WHERE k.limit_id = l.id AND k.window_start = o.window_start
     AND (k.posted, k.pending, k.closed)
         IS DISTINCT FROM (coalesce(c.posted, 0), coalesce(c.pending, 0), k.window_start <> start);
  IF l.adopts_until < now() THEN UPDATE limits SET adopts_until = NULL WHERE id = l.id; END IF;
END $$;

CREATE FUNCTION adopt_into_limits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM limit_adopt(id) FROM (SELECT id FROM changed ORDER BY id) c;
  RETURN NULL;
END $$;
CREATE TRIGGER limits_adopt_on_insert AFTER INSERT ON limits REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION adopt_into_limits();

-- A limit counts in its scope's zone: publishers and destinations have none, so theirs is said with the limit.
CREATE FUNCTION rezone_limits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moved text;
BEGIN
  FOR moved IN
    SELECT l.id FROM limits l
     WHERE l.time_zone <> NEW.time_zone
       AND ((TG_TABLE_NAME = 'buyers' AND l.scope = 'buyer:' || NEW.id)
            OR (TG_TABLE_NAME = 'campaigns'
                AND (l.scope = 'campaign:' || NEW.id
                     OR (l.scope_kind = 'assignment'
                         AND l.scope_id IN (SELECT a.id FROM assignments a WHERE a.campaign_id = NEW.id)))))
     ORDER BY l.id
  LOOP
    UPDATE limits
       SET time_zone = NEW.time_zone, updated_at = now(), adopts_until = now() + interval '1 minute'
     WHERE id = moved;
    PERFORM limit_adopt(moved);
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER buyers_rezone_limits AFTER UPDATE OF time_zone ON buyers
  FOR EACH ROW WHEN (OLD.time_zone <> NEW.time_zone) EXECUTE FUNCTION rezone_limits();
CREATE TRIGGER campaigns_rezone_limits AFTER UPDATE OF time_zone ON campaigns
  FOR EACH ROW WHEN (OLD.time_zone <> NEW.time_zone) EXECUTE FUNCTION rezone_limits();

-- A draft's currency may change; nothing was spent under it, for it has taken no calls.
CREATE FUNCTION recurrency_limits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE limits SET currency = NEW.currency, updated_at = now()
   WHERE counts = 'spend'
     AND (scope = 'campaign:' || NEW.id
          OR (scope_kind = 'assignment'
              AND scope_id IN (SELECT a.id FROM assignments a WHERE a.campaign_id = NEW.id)));
  RETURN NULL;
END $$;
CREATE TRIGGER campaigns_recurrency_limits AFTER UPDATE OF currency ON campaigns
  FOR EACH ROW WHEN (OLD.currency <> NEW.currency) EXECUTE FUNCTION recurrency_limits();

-- Counters first: reservations lock them before they could ever wait for the limit itself. Holds last: by then nobody can
-- open another counter of it.
CREATE FUNCTION lock_counters_of_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM limit_counters WHERE limit_id = OLD.id ORDER BY window_start FOR UPDATE;
  RETURN OLD;
END $$;
CREATE TRIGGER limits_lock_counters BEFORE DELETE ON limits FOR EACH ROW EXECUTE FUNCTION lock_counters_of_limit();
CREATE FUNCTION forget_holds_of_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM limit_counters WHERE limit_id = OLD.id;
  DELETE FROM reservation_holds WHERE limit_id = OLD.id;
  RETURN NULL;
END $$;
CREATE TRIGGER limits_forget_holds AFTER DELETE ON limits FOR EACH ROW EXECUTE FUNCTION forget_holds_of_limit();

-- Calls that are open on record: maintenance sees whether their workflows still live.
CREATE INDEX calls_open ON calls (received_at) WHERE ended_at IS NULL;

-- Reservations that were still pending when nobody was left to resolve them.
CREATE TABLE freed_reservations (
  reservation_id text PRIMARY KEY REFERENCES reservations,
  -- Order of freeing.
  seq            bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  call_id        text NOT NULL,
  workflow_id    text,
  assignment_id  text,
  -- `terminated`, `failed`, `timed_out`, `completed`, `canceled`: how the workflow ended; `missing`: there is none;
  -- `lease_elapsed`: it was tied to none; `call_over`: the call had ended on record.
  reason         text NOT NULL,
  -- The carrier's word on the call, when it could be asked: `in_progress`, `over`; NULL: not asked, or no answer.
  carrier_says   text,
  reserved_at    timestamptz NOT NULL,
  freed_at       timestamptz NOT NULL DEFAULT limit_clock()
);

-- What was counted of adopted holds and of those from before has to be what is recounted.
INSERT INTO limit_counters (limit_id, window_start, posted, pending)
SELECT limit_id, window_start, posted, pending FROM limit_recount()
    ON CONFLICT (limit_id, window_start) DO UPDATE SET posted = excluded.posted, pending = excluded.pending;

-- Down Migration
-- What the wider limits counted has no place in the narrower ones; a backup is the way back.
DO $$ BEGIN RAISE EXCEPTION 'migration 0003 cannot be undone: restore a backup'; END $$;
