-- Providers that prepare a payment before a terminal takes it, refunds that go without a terminal, and what a customer may
-- do there: add to the amount, sign.

-- What the provider had prepared when the attempt was sent, as JSON.
ALTER TABLE attempt ADD COLUMN preparation TEXT;
ALTER TABLE attempt ADD COLUMN card_present INTEGER NOT NULL DEFAULT 1 CHECK (card_present IN (0, 1));
ALTER TABLE attempt ADD COLUMN may_grow INTEGER NOT NULL DEFAULT 0 CHECK (may_grow IN (0, 1));
ALTER TABLE attempt ADD COLUMN signature_accepted INTEGER CHECK (signature_accepted IN (0, 1));

-- A notice of a provider names the payment alone.
CREATE INDEX attempt_by_prepared_payment ON attempt (preparation ->> 'payment') WHERE preparation IS NOT NULL;
