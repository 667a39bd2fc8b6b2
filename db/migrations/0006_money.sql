-- Up Migration
-- Money in full: whatever is owed or was spent, for a call or not, as entries that are only ever added; postbacks and
-- disputes of buyers; what telephone numbers cost; and holds that outlive their call, for what a postback may bring.

ALTER TABLE ledger_entries
  DROP CONSTRAINT ledger_entries_kind_check,
  ADD CHECK (kind IN ('revenue', 'payout', 'telephony_cost', 'number_rent', 'ad_spend', 'adjustment', 'reversal')),
  ALTER COLUMN call_id DROP NOT NULL,
  ALTER COLUMN campaign_id DROP NOT NULL,
  -- What an entry counts towards: what buyers owe, what publishers get, what we spend.
  ADD COLUMN side        text,
  -- When it counts in reports, whenever it is booked: when its call came in, or when its day or month began.
  ADD COLUMN occurred_at timestamptz,
  -- The tracked number, and the channel it is shown in.
  ADD COLUMN number      text,
  ADD COLUMN channel     text,
  -- Of a reversal.
  ADD COLUMN reverses    bigint REFERENCES ledger_entries UNIQUE,
  -- Who booked it by hand, and why.
  ADD COLUMN actor       text,
  ADD COLUMN reason      text;
ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_are_append_only;
UPDATE ledger_entries e
   SET side = e.kind, occurred_at = c.received_at, number = c.dialed, channel = n.channel
  FROM calls c LEFT JOIN numbers n ON n.e164 = c.dialed
 WHERE c.id = e.call_id;
ALTER TABLE ledger_entries ENABLE TRIGGER ledger_entries_are_append_only;
ALTER TABLE ledger_entries
  ALTER COLUMN side SET NOT NULL,
  ALTER COLUMN occurred_at SET NOT NULL,
  ADD CHECK (side IN ('revenue', 'payout', 'cost')),
  -- As far as calendars of all clients go; in every zone a day of 2000 begins after this.
  ADD CHECK (occurred_at >= timestamptz '1999-12-31 00:00+00' AND occurred_at < timestamptz '2200-01-01 00:00+00'),
  ADD CHECK (CASE kind WHEN 'revenue' THEN side = 'revenue' WHEN 'payout' THEN side = 'payout'
                       WHEN 'telephony_cost' THEN side = 'cost' WHEN 'number_rent' THEN side = 'cost'
                       WHEN 'ad_spend' THEN side = 'cost' ELSE true END),
  ADD CHECK ((kind = 'reversal') = (reverses IS NOT NULL)),
  ADD CHECK (kind NOT IN ('adjustment', 'reversal') OR (reason IS NOT NULL AND actor IS NOT NULL));
CREATE INDEX ledger_entries_by_time ON ledger_entries (occurred_at, id);
CREATE INDEX ledger_entries_by_campaign ON ledger_entries (campaign_id, occurred_at);

-- What the ledger says of a call so far; entries may come for weeks.
ALTER TABLE calls
  ADD COLUMN cost_micros    bigint NOT NULL DEFAULT 0,
  -- Until when the buyer may say that the call converted; NULL: it does not wait for that.
  ADD COLUMN postback_until timestamptz;

ALTER TABLE numbers
  -- {incrementSeconds, perMinuteMicros, perMonthMicros, currency} as in domain/money; NULL: it costs nothing.
  ADD COLUMN cost       jsonb,
  -- Since when its rent is that; months before are not booked.
  ADD COLUMN cost_since timestamptz,
  ADD CHECK ((cost IS NULL) = (cost_since IS NULL));

-- Sums of a call are in its campaign's currency, so what its number costs is too, whichever of the two is changed. A
-- trigger, because a constraint sees one table.
CREATE FUNCTION require_currency_of_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.cost->>'currency' <> (SELECT c.currency FROM campaigns c WHERE c.id = NEW.campaign_id) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'check_violation', TABLE = 'numbers',
      CONSTRAINT = CASE WHEN NEW.campaign_id IS DISTINCT FROM OLD.campaign_id THEN 'numbers_campaign_in_currency_of_cost'
                        ELSE 'numbers_cost_in_currency_of_campaign' END,
      MESSAGE = 'a number costs in the currency of its campaign';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER numbers_in_currency_of_campaign BEFORE UPDATE OF cost, campaign_id ON numbers
  FOR EACH ROW WHEN (NEW.cost IS NOT NULL) EXECUTE FUNCTION require_currency_of_campaign();
CREATE FUNCTION require_currency_of_costs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM numbers n WHERE n.campaign_id = NEW.id AND n.cost->>'currency' <> NEW.currency) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'check_violation', TABLE = 'campaigns', CONSTRAINT = 'campaigns_currency_of_costs',
      MESSAGE = 'numbers of the campaign cost in another currency';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER campaigns_currency_of_costs BEFORE UPDATE OF currency ON campaigns
  FOR EACH ROW WHEN (OLD.currency <> NEW.currency) EXECUTE FUNCTION require_currency_of_costs();

-- With it a buyer may report; NULL: they may not.
ALTER TABLE buyers ADD COLUMN postback_secret text;

-- What buyers reported, each of their events once.
CREATE TABLE postbacks (
  buyer_id     text NOT NULL REFERENCES buyers,
  event_id     text NOT NULL,
  call_id      text NOT NULL REFERENCES calls,
  -- NULL: the buyer named none.
  value_micros bigint CHECK (value_micros >= 0),
  currency     text NOT NULL,
  received_at  timestamptz NOT NULL DEFAULT now(),
  -- `converted`; `not_due`: the price does not wait for a postback; `worth_nothing`: a value of 0 does not convert;
  -- `again`: the call had converted.
  outcome      text NOT NULL CHECK (outcome IN ('converted', 'not_due', 'worth_nothing', 'again')),
  PRIMARY KEY (buyer_id, event_id)
);
CREATE INDEX postbacks_by_call ON postbacks (call_id);

CREATE TABLE disputes (
  id             text PRIMARY KEY,
  call_id        text NOT NULL REFERENCES calls,
  buyer_id       text NOT NULL REFERENCES buyers,
  status         text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'rejected')),
  -- What the buyer does not want to pay.
  amount_micros  bigint NOT NULL CHECK (amount_micros > 0),
  currency       text NOT NULL,
  reason         text NOT NULL,
  -- Who opened it: the buyer, or somebody for them.
  opened_by      text NOT NULL,
  -- What was decided, by whom, and why.
  granted_micros bigint CHECK (granted_micros BETWEEN 0 AND amount_micros),
  decided_by     text,
  decision       text,
  created_at     timestamptz NOT NULL DEFAULT now(),
  decided_at     timestamptz,
  CHECK ((status = 'open') = (decided_at IS NULL)),
  CHECK ((status = 'accepted') = (granted_micros IS NOT NULL))
);
CREATE UNIQUE INDEX disputes_open ON disputes (call_id) WHERE status = 'open';
CREATE INDEX disputes_by_time ON disputes (created_at DESC, id DESC);

-- What may still be converted by a postback is held beyond the end of the call, by a reservation of its own.
ALTER TABLE reservations ADD COLUMN deferred boolean NOT NULL DEFAULT false;

-- As before, but what outlives its call counts towards conversions and spend alone; towards those of its publisher only
-- where they are among its scopes, which is where they are paid by a postback.
CREATE OR REPLACE FUNCTION limit_adopt(adopting text) RETURNS void LANGUAGE plpgsql AS $$
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
    since := start - interval '33 days';
    INSERT INTO limit_counters (limit_id, window_start) VALUES (l.id, start) ON CONFLICT DO NOTHING;
    own := ARRAY(SELECT k.window_start FROM limit_counters k
                  WHERE k.limit_id = l.id AND k.window_start >= since ORDER BY k.window_start FOR UPDATE);
    EXIT WHEN start = limit_window_start(l."window", l.time_zone, limit_clock());
  END LOOP;
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
     AND (NOT r.deferred OR l.counts IN ('conversion', 'spend'))
     AND r.reserved_at >= start
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

-- Down Migration
-- What was booked has no place in the narrower ledger; a backup is the way back.
DO $$ BEGIN RAISE EXCEPTION 'migration 0006 cannot be undone: restore a backup'; END $$;
