"""What every test stands on: an environment without settings of ours, and a real database."""

import os

pytest_plugins = [
    "support.postgres",
    "support.broker",
    "support.servers",
    "support.stores",
    "support.installation",
    "support.restoring",
]

_KEPT = ("PLAINT_TEST_", "PLAINT_REAL_DATA")

# Before anything is imported that could read them: a developer's own settings decide no test.
for _name in [name for name in os.environ if name.startswith("PLAINT_") and not name.startswith(_KEPT)]:
    del os.environ[_name]
