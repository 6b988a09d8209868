"""What reading needs: indexes in the order of lists, and the door through which names are searched."""

from __future__ import annotations

from tortoise.migrations.migration import Migration as BaseMigration
from tortoise.migrations.operations import RunSQL

#: Lists by time, of one customer and of all; the first take the place of indexes by id. Customers by name.
INDEXES = """
CREATE INDEX customer_by_name ON customer (tenant_id, name, id);
CREATE INDEX customer_order_by_time ON customer_order (tenant_id, customer_id, ordered_at, id);
CREATE INDEX customer_order_by_time_of_all ON customer_order (tenant_id, ordered_at, id);
DROP INDEX customer_order_of_customer;
CREATE INDEX interaction_by_time ON interaction (tenant_id, customer_id, occurred_at, id);
CREATE INDEX interaction_by_time_of_all ON interaction (tenant_id, occurred_at, id);
DROP INDEX interaction_of_customer;
"""
FORMER_INDEXES = """
DROP INDEX customer_by_name; DROP INDEX customer_order_by_time_of_all; DROP INDEX interaction_by_time_of_all;
CREATE INDEX customer_order_of_customer ON customer_order (tenant_id, customer_id, id); DROP INDEX customer_order_by_time;
CREATE INDEX interaction_of_customer ON interaction (tenant_id, customer_id, id); DROP INDEX interaction_by_time;
"""

#: What is searched of a customer: small letters without accents or width, and each Chinese, Japanese or Korean sign a word of its own,
#: since a trigram needs three signs and many names have two.
TEXT = r"""
CREATE FUNCTION search_text(name text, company text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN regexp_replace(
        lower(public.unaccent('public.unaccent'::regdictionary, normalize(concat_ws(' ', name, company), NFKC))),
        '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af])', ' \1 ', 'g');
END $$;
CREATE FUNCTION search_rank(name text, company text, words text[]) RETURNS real LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT avg(public.word_similarity(public.search_text(word, NULL), public.search_text(name, company)))::real FROM unnest(words) AS word
$$;
"""

#: Row level security lets no operator look at an index before it has let the row pass, unless PostgreSQL trusts the operator with the
#: values of rows that do not; likeness it does not. So the search runs as a role whose policy lets all rows pass, and binds
#: the tenant itself: from the transaction, as the policy would. It tells ids only, which are read again under the caller's policy.
DOOR = """
CREATE INDEX customer_search ON customer USING gin (tenant_id, search_text(name, company) gin_trgm_ops);
GRANT USAGE ON SCHEMA public TO kelu_search;
GRANT SELECT (tenant_id, id, name, company) ON customer TO kelu_search;
CREATE POLICY search ON customer FOR SELECT TO kelu_search USING (true);
CREATE FUNCTION door_search(words text[]) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.id FROM customer c
    WHERE c.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
        AND search_text(words[1], NULL) <% search_text(c.name, c.company)
        AND NOT EXISTS (SELECT FROM unnest(words[2:]) AS word WHERE NOT search_text(word, NULL) <% search_text(c.name, c.company))
    ORDER BY search_rank(c.name, c.company, words) DESC, c.id DESC LIMIT 10000
$$;
REVOKE ALL ON FUNCTION door_search(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION door_search(text[]) TO kelu_app;
GRANT CREATE ON SCHEMA public TO kelu_search;
ALTER FUNCTION door_search(text[]) OWNER TO kelu_search;
REVOKE CREATE ON SCHEMA public FROM kelu_search;
"""
CLOSED = """
SET LOCAL ROLE kelu_search; DROP FUNCTION door_search(text[]); RESET ROLE;
DROP POLICY search ON customer; REVOKE SELECT (tenant_id, id, name, company) ON customer FROM kelu_search;
REVOKE USAGE ON SCHEMA public FROM kelu_search;
DROP INDEX customer_search; DROP FUNCTION search_rank(text, text, text[]); DROP FUNCTION search_text(text, text);
"""


class Migration(BaseMigration):
    dependencies = [("tenants", "0004_jobs_and_imports")]
    operations = [RunSQL(INDEXES + TEXT + DOOR, CLOSED + FORMER_INDEXES)]
