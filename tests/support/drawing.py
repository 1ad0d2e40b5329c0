"""What is not looked at where examples share what a fixture made once: that they do, and how fast they are drawn."""

from typing import Final

from hypothesis import HealthCheck

SHARED: Final = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)
