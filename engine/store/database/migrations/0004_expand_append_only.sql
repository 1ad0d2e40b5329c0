-- What was recorded is never changed, not even by the owner of the tables or by mistake: rights bind
-- neither him nor a superuser. The triggers are of statements and of no INSERT or COPY, so that
-- appending costs what it did. A migration that has to rewrite rows says so by ALTER TABLE ...
-- DISABLE TRIGGER, in its own text.

CREATE FUNCTION plaint.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: it is only ever added to', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
COMMENT ON FUNCTION plaint.refuse_change() IS 'Keeps tables that are only ever added to as they are.';

CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON plaint.events
    FOR EACH STATEMENT EXECUTE FUNCTION plaint.refuse_change();
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON plaint.messages
    FOR EACH STATEMENT EXECUTE FUNCTION plaint.refuse_change();
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON plaint.access_log
    FOR EACH STATEMENT EXECUTE FUNCTION plaint.refuse_change();
CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON plaint.log
    FOR EACH STATEMENT EXECUTE FUNCTION plaint.refuse_change();

CREATE TABLE plaint.roles (
    role name NOT NULL,
    kind text NOT NULL CHECK (kind IN ('door', 'projection', 'analyst', 'migration')),
    granted_at timestamptz NOT NULL DEFAULT transaction_timestamp(),
    PRIMARY KEY (role, kind)
);
COMMENT ON TABLE plaint.roles IS
    'Login roles that were given rights by plaint store grant. A migration gives them the same on new tables.';
COMMENT ON COLUMN plaint.roles.kind IS 'What the role is for; a role may be for several things.';
