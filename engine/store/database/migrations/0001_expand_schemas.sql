-- The write side's own schema, and one for data keys, so that the keys can be dumped apart.
CREATE SCHEMA IF NOT EXISTS plaint;
COMMENT ON SCHEMA plaint IS 'The write side: stored events and what is committed with them.';

CREATE SCHEMA plaint_keys;
COMMENT ON SCHEMA plaint_keys IS
    'Wrapped data keys of personal data. To be dumped apart from everything else: '
    'destroying a key erases, and a dump that holds it brings it back.';
