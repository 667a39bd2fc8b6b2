-- Up Migration
-- Live data: what ended, or changed after its end, since somebody last looked, in the order in which transactions become
-- visible. An instant cannot say that: ends are those carriers report, and a transaction may commit long after its own.

ALTER TABLE calls
  -- The transaction in which the call ended; NULL: it has not, or did before there was this column.
  ADD COLUMN ended_in   xid8,
  -- The transaction that last changed its money, or whether it converted, after it had ended; NULL: none did.
  ADD COLUMN amended_in xid8;
CREATE INDEX calls_ended_in ON calls (ended_in) WHERE ended_in IS NOT NULL;
CREATE INDEX calls_amended_in ON calls (amended_in) WHERE amended_in IS NOT NULL;

-- By triggers, so that whoever ends a call is seen, workers of the version before among them.
CREATE FUNCTION mark_call_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.ended_in := pg_current_xact_id();
  RETURN NEW;
END $$;
CREATE TRIGGER calls_mark_end BEFORE UPDATE OF ended_at ON calls
  FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION mark_call_end();
CREATE TRIGGER calls_mark_inserted_end BEFORE INSERT ON calls
  FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL) EXECUTE FUNCTION mark_call_end();

CREATE FUNCTION mark_call_amendment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.amended_in := pg_current_xact_id();
  RETURN NEW;
END $$;
-- Not what the transaction of the end itself still adds: that would be one entry of an index more for each call.
CREATE TRIGGER calls_mark_amendment BEFORE UPDATE OF converted, revenue_micros, payout_micros, cost_micros ON calls
  FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL AND OLD.ended_in IS DISTINCT FROM pg_current_xact_id()
                     AND (OLD.converted, OLD.revenue_micros, OLD.payout_micros, OLD.cost_micros)
                         IS DISTINCT FROM (NEW.converted, NEW.revenue_micros, NEW.payout_micros, NEW.cost_micros))
  EXECUTE FUNCTION mark_call_amendment();

-- Down Migration
DROP TRIGGER calls_mark_amendment ON calls;
DROP TRIGGER calls_mark_inserted_end ON calls;
DROP TRIGGER calls_mark_end ON calls;
DROP FUNCTION mark_call_amendment();
DROP FUNCTION mark_call_end();
ALTER TABLE calls DROP COLUMN amended_in, DROP COLUMN ended_in;
