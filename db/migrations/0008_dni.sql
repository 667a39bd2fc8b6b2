-- Up Migration
-- Dynamic number insertion: pools of numbers, each leased to one visitor of a web page at a time, so that a call to it
-- tells which visitor called.

CREATE TABLE dni_pools (
  id              text PRIMARY KEY,
  campaign_id     text NOT NULL REFERENCES campaigns,
  name            text NOT NULL,
  -- Labels of calls to the pool's numbers, where the number itself has none.
  publisher_id    text REFERENCES publishers,
  channel         text,
  tags            jsonb NOT NULL DEFAULT '{}',
  -- From the visitor's last sign of life.
  lease_seconds   integer NOT NULL DEFAULT 1800 CHECK (lease_seconds BETWEEN 60 AND 86400),
  -- From the end of the lease: a later caller is still taken for its visitor.
  grace_seconds   integer NOT NULL DEFAULT 7200 CHECK (grace_seconds BETWEEN 0 AND 2592000),
  -- What visitors get while no number is free; null: the page keeps its own.
  overflow_number text CHECK (overflow_number ~ '^\+[1-9][0-9]{3,14}$'),
  -- Pages that may ask: `https://www.example.com`, `https://*.example.com`, or `*`.
  allowed_origins text[] NOT NULL,
  -- [{source, equals, number}]: numbers that stand for a source rather than a visitor. The first that fits.
  static_numbers  jsonb NOT NULL DEFAULT '[]',
  revision        integer NOT NULL DEFAULT 1,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dni_pools_by_campaign ON dni_pools (campaign_id);

-- Visitors. Addresses of pages without their query; calls keep a copy of their own.
CREATE TABLE dni_sessions (
  pool_id       text NOT NULL REFERENCES dni_pools ON DELETE CASCADE,
  -- Random, made by the visitor's browser or by us.
  id            text NOT NULL,
  landing_page  text,
  referrer      text,
  utm           jsonb NOT NULL DEFAULT '{}',
  click_ids     jsonb NOT NULL DEFAULT '{}',
  tags          jsonb NOT NULL DEFAULT '{}',
  first_seen_at timestamptz NOT NULL,
  last_seen_at  timestamptz NOT NULL,
  PRIMARY KEY (pool_id, id)
);
CREATE INDEX dni_sessions_by_age ON dni_sessions (last_seen_at);

-- The numbers of pools. Whoever leases one locks its row: what it says of the lease is true for whoever holds the lock.
CREATE TABLE dni_numbers (
  e164       text PRIMARY KEY REFERENCES numbers,
  pool_id    text NOT NULL REFERENCES dni_pools ON DELETE CASCADE,
  -- Who leased it last; null: nobody yet.
  session_id text,
  -- Of that lease. In the past: the number is free since then.
  live_until timestamptz NOT NULL DEFAULT '-infinity',
  UNIQUE (pool_id, session_id)
) WITH (fillfactor = 50);
CREATE INDEX dni_numbers_idle ON dni_numbers (pool_id, live_until, e164);

CREATE TABLE dni_leases (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pool_id          text NOT NULL,
  e164             text NOT NULL,
  session_id       text NOT NULL,
  leased_at        timestamptz NOT NULL,
  -- With every sign of life of the visitor later.
  live_until       timestamptz NOT NULL,
  -- live_until and the grace the pool had then.
  attributes_until timestamptz NOT NULL,
  -- When it was seen to be over: the number was leased again, or taken out of its pool. Null: nobody looked yet.
  ended_at         timestamptz,
  FOREIGN KEY (pool_id, session_id) REFERENCES dni_sessions ON DELETE CASCADE,
  CHECK (leased_at <= live_until AND live_until <= attributes_until),
  -- Nobody can end a lease that lives.
  CHECK (ended_at >= live_until)
) WITH (fillfactor = 70);
-- A number has one lease at a time, and a visitor one number of a pool, whatever a statement of ours gets wrong.
CREATE UNIQUE INDEX dni_leases_one_a_number ON dni_leases (e164) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX dni_leases_one_a_visitor ON dni_leases (pool_id, session_id) WHERE ended_at IS NULL;
-- Whose number was it when somebody called?
CREATE INDEX dni_leases_by_number ON dni_leases (e164, leased_at DESC);
CREATE INDEX dni_leases_by_pool ON dni_leases (pool_id, leased_at);
CREATE INDEX dni_leases_by_session ON dni_leases (pool_id, session_id);

-- How often a visitor was told that no number is free, by quarters of an hour: a day of any time zone is a sum of them.
-- In slots drawn at random, so that visitors of an empty pool do not wait for each other to be counted.
CREATE TABLE dni_exhaustions (
  pool_id text NOT NULL REFERENCES dni_pools ON DELETE CASCADE,
  quarter timestamptz NOT NULL,
  slot    smallint NOT NULL,
  n       bigint NOT NULL,
  PRIMARY KEY (pool_id, quarter, slot)
) WITH (fillfactor = 50);

-- For ever, whatever becomes of the session. {poolId, sessionId, landingPage, referrer, utm, clickIds, tags}.
ALTER TABLE calls
  ADD COLUMN dni_session_id text,
  ADD COLUMN visitor        jsonb,
  ADD CHECK ((dni_session_id IS NULL) = (visitor IS NULL));
CREATE INDEX calls_by_dni_session ON calls (dni_session_id) WHERE dni_session_id IS NOT NULL;

-- A pool's numbers are those of its campaign. A number is moved by an edit, a campaign's document, or a migration that
-- takes the pools along: whoever forgets the pool is refused.
CREATE FUNCTION keep_dni_number_in_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM dni_numbers d JOIN dni_pools p ON p.id = d.pool_id
              WHERE d.e164 = NEW.e164 AND p.campaign_id IS DISTINCT FROM NEW.campaign_id) THEN
    RAISE EXCEPTION 'number % is in a DNI pool of another campaign', NEW.e164
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'dni_numbers_of_the_campaign', TABLE = 'numbers';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER numbers_keep_dni_pool AFTER UPDATE OF campaign_id ON numbers
  FOR EACH ROW WHEN (OLD.campaign_id IS DISTINCT FROM NEW.campaign_id)
  EXECUTE FUNCTION keep_dni_number_in_campaign();

-- `https://*.example.com` is any host below example.com.
CREATE FUNCTION dni_origin_allowed(allowed text[], origin text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(bool_or(
           a = '*' OR a = origin
           OR (strpos(a, '*.') > 0
               AND starts_with(origin, split_part(a, '*', 1))
               AND right(origin, length(split_part(a, '*', 2))) = split_part(a, '*', 2)
               AND length(origin) > length(a) - 1)), false)
    FROM unnest(allowed) a
$$;

-- Gives a visitor a number of the pool that nobody else has while the lease lives: their own once more, or the one that
-- has been free for longest. Everything a request needs, in one round trip.
--   asked_from: the Origin of the page; null: a server of ours asks.
--   sources: what static numbers go by. keep: false: nothing of the visitor may be kept, so they get no lease.
-- verdict: leased, static, overflow, none (keep is false), no_pool, not_allowed.
CREATE FUNCTION dni_lease(in_pool text, visitor text, asked_from text, facts jsonb, sources jsonb, keep boolean)
RETURNS TABLE (verdict text, number text, seconds integer, until timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  pool  dni_pools%ROWTYPE;
  held  dni_numbers%ROWTYPE;
  fixed text;
  at    timestamptz;
BEGIN
  SELECT * INTO pool FROM dni_pools p WHERE p.id = in_pool;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'no_pool', NULL::text, NULL::integer, NULL::timestamptz;
    RETURN;
  END IF;
  IF asked_from IS NOT NULL AND NOT dni_origin_allowed(pool.allowed_origins, asked_from) THEN
    RETURN QUERY SELECT 'not_allowed', NULL::text, NULL::integer, NULL::timestamptz;
    RETURN;
  END IF;
  SELECT r.rule->>'number' INTO fixed
    FROM jsonb_array_elements(pool.static_numbers) WITH ORDINALITY AS r (rule, place)
   WHERE lower(r.rule->>'equals') = lower(sources->>(r.rule->>'source'))
   ORDER BY r.place LIMIT 1;
  IF fixed IS NOT NULL THEN
    RETURN QUERY SELECT 'static', fixed, NULL::integer, NULL::timestamptz;
    RETURN;
  END IF;
  IF NOT keep THEN
    RETURN QUERY SELECT 'none', NULL::text, NULL::integer, NULL::timestamptz;
    RETURN;
  END IF;

  -- Two tabs of one visitor wait for each other here; the second finds the number of the first.
  INSERT INTO dni_sessions AS s (pool_id, id, landing_page, referrer, utm, click_ids, tags, first_seen_at, last_seen_at)
  VALUES (in_pool, visitor, facts->>'landingPage', facts->>'referrer', coalesce(facts->'utm', '{}'),
          coalesce(facts->'clickIds', '{}'), coalesce(facts->'tags', '{}'), clock_timestamp(), clock_timestamp())
  ON CONFLICT (pool_id, id) DO UPDATE
     SET landing_page = CASE WHEN facts ? 'landingPage' THEN excluded.landing_page ELSE s.landing_page END,
         referrer = CASE WHEN facts ? 'referrer' THEN excluded.referrer ELSE s.referrer END,
         utm = CASE WHEN facts ? 'utm' THEN excluded.utm ELSE s.utm END,
         click_ids = CASE WHEN facts ? 'clickIds' THEN excluded.click_ids ELSE s.click_ids END,
         tags = s.tags || excluded.tags,
         last_seen_at = excluded.last_seen_at;

  SELECT * INTO held FROM dni_numbers n WHERE n.pool_id = in_pool AND n.session_id = visitor FOR UPDATE;
  at := clock_timestamp();
  until := at + make_interval(secs => pool.lease_seconds);
  IF FOUND AND held.live_until > at THEN
    UPDATE dni_numbers n SET live_until = greatest(n.live_until, until) WHERE n.e164 = held.e164;
    UPDATE dni_leases l
       SET live_until = greatest(l.live_until, until),
           attributes_until = greatest(l.attributes_until, until + make_interval(secs => pool.grace_seconds))
     WHERE l.e164 = held.e164 AND l.ended_at IS NULL;
    RETURN QUERY SELECT 'leased', held.e164, pool.lease_seconds, greatest(held.live_until, until);
    RETURN;
  END IF;
  IF held.e164 IS NULL THEN
    -- Longest free first: so those whose late callers may still come go last. A row that is locked is being leased.
    SELECT * INTO held FROM dni_numbers n
     WHERE n.pool_id = in_pool AND n.live_until <= at
     ORDER BY n.live_until, n.e164 LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      INSERT INTO dni_exhaustions AS x (pool_id, quarter, slot, n)
      VALUES (in_pool, date_bin('15 minutes', at, '2000-01-01T00:00:00Z'), floor(random() * 32), 1)
      ON CONFLICT (pool_id, quarter, slot) DO UPDATE SET n = x.n + 1;
      RETURN QUERY SELECT 'overflow', pool.overflow_number, pool.lease_seconds, NULL::timestamptz;
      RETURN;
    END IF;
  END IF;
  UPDATE dni_leases l SET ended_at = at WHERE l.e164 = held.e164 AND l.ended_at IS NULL;
  UPDATE dni_numbers n SET session_id = visitor, live_until = until WHERE n.e164 = held.e164;
  INSERT INTO dni_leases (pool_id, e164, session_id, leased_at, live_until, attributes_until)
  VALUES (in_pool, held.e164, visitor, at, until, until + make_interval(secs => pool.grace_seconds));
  RETURN QUERY SELECT 'leased', held.e164, pool.lease_seconds, until;
END $$;

-- Down Migration
DROP FUNCTION dni_lease(text, text, text, jsonb, jsonb, boolean);
DROP FUNCTION dni_origin_allowed(text[], text);
DROP TRIGGER numbers_keep_dni_pool ON numbers;
DROP FUNCTION keep_dni_number_in_campaign();
ALTER TABLE calls DROP COLUMN dni_session_id, DROP COLUMN visitor;
DROP TABLE dni_exhaustions, dni_leases, dni_numbers, dni_sessions, dni_pools;
