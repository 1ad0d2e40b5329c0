"""How long the tests that grow with patience go on: `PLAINT_TEST_SOAK` is a factor, 1 in the main suite."""

import os

FACTOR = int(os.environ.get("PLAINT_TEST_SOAK", "1"))
