"""What every test stands on: an environment without settings of ours, and a real database."""

import os
import sys

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "support.postgres",
    "support.broker",
    "support.servers",
    "support.stores",
    "support.installation",
    "support.restoring",
    "support.mail_server",
    "support.order",
]

_KEPT = ("PLAINT_TEST_", "PLAINT_REAL_DATA")

# Before anything is imported that could read them: a developer's own settings decide no test.
for _name in [name for name in os.environ if name.startswith("PLAINT_") and not name.startswith(_KEPT)]:
    del os.environ[_name]

# Hundreds of processes are started: where a machine says that none may keep what it compiled, each compiles everything.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How fast a machine draws examples, or runs one, decides no test either. What CI sets (derandomize) stays.
settings.register_profile("plaint", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("plaint")
