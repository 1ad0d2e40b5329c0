"""How a cluster is reached: addresses, protection, who we are; and as the client library takes it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

Security = Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
Mechanism = Literal["scram-sha-512", "scram-sha-256", "plain"]

REQUEST_SECONDS: Final = 10.0
"""How long any one request may take before it counts as failed."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where a cluster is and how it lets us in. Nothing here is ever logged."""

    servers: tuple[str, ...]
    """``host:port`` of some of its nodes; the others are learnt from these."""
    security: Security = "plaintext"
    mechanism: Mechanism = "scram-sha-512"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    """PEM of the authorities that sign the cluster's certificates; absent: those of the system."""

    def options(self, client: str) -> dict[str, Any]:
        """Return what every client of the library is given, in its own words."""
        milliseconds = int(REQUEST_SECONDS * 1000)
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.servers),
            "client_id": client,
            "security_protocol": self.security.upper(),
            "bootstrap_timeout_ms": milliseconds,
            "request_timeout_ms": milliseconds,
            "reconnect_backoff_max_ms": 2_000,
        }
        if self.security.endswith("ssl"):
            options["ssl_cafile"] = str(self.ca_file) if self.ca_file else None
        if self.security.startswith("sasl"):
            options["sasl_mechanism"] = self.mechanism.upper()
            options["sasl_plain_username"] = self.username
            options["sasl_plain_password"] = self.password
        return options


class BrokerUnavailable(Exception):
    """No node of the cluster lets us work; names the cause and the fix. ``lasting``: waiting does not mend it."""

    def __init__(self, reason: str, *, lasting: bool) -> None:
        self.lasting = lasting
        super().__init__(reason)
