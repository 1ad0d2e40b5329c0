-- The login roles of an installation, made by whoever runs the database. Run it in Plaint's database,
-- as often as you like; it gives no password and no right on any table:
--
--     psql --set ON_ERROR_STOP=1 --file deploy/postgres/roles.sql
--     \password plaint_migration        (and so on, or certificates, as the server's rules ask)
--
-- Other names: --set door=... --set projection=... --set analyst=... --set migration=...
-- Rights follow by `plaint store grant`; deploy/README.md says in which order.

\if :{?migration} \else \set migration plaint_migration \endif
\if :{?door} \else \set door plaint_door \endif
\if :{?projection} \else \set projection plaint_projection \endif
\if :{?analyst} \else \set analyst plaint_analyst \endif

SELECT format('CREATE ROLE %I LOGIN', name)
FROM (VALUES (:'migration'), (:'door'), (:'projection'), (:'analyst')) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

-- The views of analysts belong to a role that nobody logs in as, and that owns no table.
SELECT 'CREATE ROLE plaint_analytics NOLOGIN NOBYPASSRLS NOINHERIT'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'plaint_analytics')
\gexec
SELECT format('GRANT plaint_analytics TO %I, CURRENT_USER', :'projection')
WHERE pg_has_role('plaint_analytics', 'MEMBER WITH ADMIN OPTION')
    OR current_setting('server_version_num')::integer < 160000
\gexec

-- An administrator who is no superuser may hand tables and later tables only to roles that he belongs to.
GRANT :"migration", :"projection" TO CURRENT_USER;
