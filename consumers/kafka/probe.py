"""Why a cluster does not let us in, at once and in words; the library only says that it did not, after its time-out."""

import logging
from contextlib import suppress
from typing import Any, Final

from kafka import errors
from kafka.net.compat import KafkaNetClient

from consumers.kafka.access import Access, BrokerUnavailable

_SECONDS: Final = 5.0
_CLIENT: Final = "plaint-probe"


def _not_of_the_probe(record: logging.LogRecord) -> bool:
    """Whether the library's log line comes from another client: what the probe meets is raised, once and in words."""
    return record.threadName != f"kafka-io-{_CLIENT}"


for _name in ("connection", "manager", "transport"):
    logging.getLogger(f"kafka.net.{_name}").addFilter(_not_of_the_probe)


def probe(access: Access, seconds: float = _SECONDS) -> None:
    """Connect to the named nodes in turn, shake hands, authenticate, and leave; one that answers is enough.

    Raises:
        BrokerUnavailable: none did; names the cause, the node and the fix. A cause that waiting does not
            mend (a password, a certificate, another protocol) goes before one that it may.
    """
    causes: list[BrokerUnavailable] = []
    for server in access.servers:
        try:
            _shake_hands(access, server, seconds)
        except (errors.KafkaError, OSError) as error:
            causes.append(_explained(access, server, error))
        else:
            return
    raise next((cause for cause in causes if cause.lasting), causes[0])


def _shake_hands(access: Access, server: str, seconds: float) -> None:
    """Make one connection, and raise what the library only logs: its own way in loses the cause."""
    options = {**access.options(_CLIENT), "bootstrap_servers": [server]}
    client = KafkaNetClient(**options, metrics=None)
    manager = client._manager  # noqa: SLF001 # the library shows a connection's error nowhere else
    manager._net.start()  # noqa: SLF001
    _hear_the_last_word(manager)

    async def connect() -> None:
        node = manager.cluster.bootstrap_brokers()[0]
        await manager.get_connection(
            node.node_id, timeout_ms=seconds * 1000, pop_on_close=False, refresh_metadata_on_err=False
        )

    try:
        manager.run(connect)
    finally:
        _leave(client)


def _hear_the_last_word(manager: Any) -> None:
    """Have the broker's refusal read even where its farewell came with it: the library drops the one for the other."""
    build = manager._build_transport  # noqa: SLF001 # nothing public stands between the socket and the answer

    async def built(node: Any, timeout_at: float | None = None) -> Any:
        transport = await build(node, timeout_at=timeout_at)
        receive = transport._sock_recv  # noqa: SLF001

        def receive_first() -> tuple[bytes, Exception | None]:
            octets, error = receive()
            return octets, None if octets else error

        transport._sock_recv = receive_first  # noqa: SLF001
        return transport

    manager._build_transport = built  # noqa: SLF001


def _leave(client: Any) -> None:
    with suppress(errors.KafkaError, OSError, RuntimeError):
        client.close()
        client._net.stop()  # noqa: SLF001


def _explained(access: Access, server: str, error: Exception) -> BrokerUnavailable:
    text = str(error)
    secure = access.security.endswith("ssl")
    if isinstance(error, errors.SaslAuthenticationFailedError):
        return BrokerUnavailable(
            f"{server} refuses the user name or the password; see PLAINT_KAFKA_USERNAME and PLAINT_KAFKA_PASSWORD",
            lasting=True,
        )
    if isinstance(error, errors.UnsupportedSaslMechanismError | errors.IllegalSaslStateError):
        return BrokerUnavailable(
            f"{server} does not let anybody in by {access.mechanism}; see PLAINT_KAFKA_MECHANISM and _SECURITY",
            lasting=True,
        )
    if "CERTIFICATE_VERIFY_FAILED" in text:
        why = "its name is not in it" if "ostname mismatch" in text or "IP address mismatch" in text else "unknown CA"
        return BrokerUnavailable(
            f"{server} shows a certificate that cannot be trusted ({why}); see PLAINT_KAFKA_CA_FILE", lasting=True
        )
    if secure and "Handshake failed" in text:
        return BrokerUnavailable(f"{server} does not speak TLS; see PLAINT_KAFKA_SECURITY", lasting=True)
    if "DNS" in text:
        return BrokerUnavailable(f"{server}: that name is not known; see PLAINT_KAFKA_SERVERS", lasting=False)
    if "ECONNREFUSED" in text:
        return BrokerUnavailable(f"nothing listens on {server}", lasting=False)
    if not secure and ("socket disconnected" in text or isinstance(error, errors.InvalidReceiveError)):
        return BrokerUnavailable(
            f"{server} takes no connection without TLS, or is no Kafka; see PLAINT_KAFKA_SECURITY", lasting=True
        )
    return BrokerUnavailable(f"{server} does not answer in time ({type(error).__name__})", lasting=False)
