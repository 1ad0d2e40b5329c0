"""``PLAINT_*`` read once into one frozen object; ``*_FILE`` names a file that holds the value.

A name that starts with ``PLAINT_`` and is not known is an error, so that a typing mistake
never runs with a default.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError

from consumers.http.mesh import ProofBy
from consumers.kafka.access import Mechanism, Security
from consumers.wiring import proving
from schemas.channels.mail.automatic import OwnMail

_PREFIX = "PLAINT_"
_FOR_TESTS = ("PLAINT_TEST_", "PLAINT_REAL_DATA")


class SettingsRefused(Exception):
    """A setting is unknown or wrong; names it and the fix."""


def colors_wanted() -> bool:
    """Whether this environment lets programs color their output (https://no-color.org)."""
    return not os.environ.get("NO_COLOR")


_DATA = "where the embedded database, keys and large contents live"


def default_data_dir() -> Path:
    """Return where data lives when nobody says: the system's place for root, the user's own otherwise.

    The embedded database never runs as root, so root's own home would be closed to it.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/plaint")
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "plaint"


LOOPBACK: Final = proving.LOOPBACK


def _address(given: SecretStr) -> SecretStr:
    """Refuse what is no address of PostgreSQL, without repeating any of it."""
    try:
        conninfo_to_dict(given.get_secret_value())
    except ProgrammingError:
        text = "is no address of PostgreSQL; give one such as postgresql://user:password@host:5432/database"
        raise PydanticCustomError("address", text) from None
    return given


def _there(directory: Path) -> Path:
    """Refuse a directory that is not there: its files would silently be left out."""
    if not directory.is_dir():
        raise PydanticCustomError("directory", "is no directory that can be read")
    return directory


def _readable(file: Path) -> Path:
    """Refuse a file that cannot be read: nobody could be trusted by it."""
    try:
        file.open("rb").close()
    except OSError as error:
        raise PydanticCustomError("file", "cannot read that file ({reason})", {"reason": error.strerror}) from None
    return file


def _url(text: str) -> str:
    """Refuse what is no address of a collector; a password in it would be shown by `plaint config check`."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise PydanticCustomError("url", "is no http:// or https:// address without a password in it")
    return text


def _servers(text: str) -> str:
    """Refuse what is no list of addresses."""
    for each in text.split(","):
        host, _, port = each.strip().rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise PydanticCustomError("servers", "is no list of host:port, separated by commas")
    return text


_Topic = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]


def _names(text: str | None) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in (text or "").split(",") if name.strip())


class Settings(BaseModel):
    """What this installation is told by its environment. Every field is ``PLAINT_`` + its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database: Annotated[SecretStr, AfterValidator(_address)] | None = Field(
        None, description="PostgreSQL address; absent: an embedded one in the data directory"
    )
    migrate: Literal["auto", "never"] = Field(
        "auto", description="auto: a start takes the steps that the tables lack; never: it refuses without them"
    )
    data_dir: Path = Field(default_factory=default_data_dir, description=_DATA)
    pg_bin: Annotated[Path, AfterValidator(_there)] | None = Field(
        None, description="programs of an installed PostgreSQL 15 or newer for the embedded database"
    )
    master_key_file: Path | None = Field(
        None, description="the key that wraps all data keys; absent: in the data directory"
    )
    erasure_ledger: Path | None = Field(
        None, description="file outside of the database that keeps every erasure; absent: in the data directory"
    )
    backup_retention_days: Annotated[int, Field(ge=0, le=36_500)] | None = Field(
        None, description="days until the last backup and WAL of a day are gone; what an erasure reports"
    )
    content_dir: Path | None = Field(None, description="large attachments; absent: in the data directory")
    answer_retention_days: Annotated[int, Field(ge=1, le=36_500)] = Field(
        90, description="how long the answer to a command is kept; that it was given is kept for good"
    )
    orphan_hours: Annotated[int, Field(ge=1, le=8_760)] = Field(
        24, description="age from which a file in the content directory that no case names is swept"
    )
    timers_patience_minutes: Annotated[int, Field(ge=0, le=100_000)] = Field(
        60, description="how long clocks wait for a source that is behind; then it is named and passed over"
    )
    nodes: Literal["one", "several"] = Field(
        "one", description="several: processes run on several machines, and what is not shared by all is refused"
    )
    pool_size: Annotated[int, Field(ge=2, le=200)] = Field(10, description="database connections of one process")
    http_host: str = Field("127.0.0.1", description="address the HTTP door listens on; only loopback without identity")
    http_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8080, description="port of the HTTP door; 0 takes a free one"
    )
    http_rate: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="requests that one caller may send in 10 seconds; absent: as many as it likes"
    )
    http_at_once: Annotated[int, Field(ge=1, le=100_000)] = Field(
        256, description="requests that one process has in hand at most; more are asked to come back"
    )
    http_timeout_seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(
        30.0, description="longest wait for a request to come whole and for its answer to begin"
    )
    http_socket: Path | None = Field(
        None, description="Unix socket that the HTTP door listens on in place of an address; the proxy alone reaches it"
    )
    proxy_proof: ProofBy | None = Field(
        None, description="how the mesh's proxy proves itself: socket, secret or address; absent: its word is not taken"
    )
    proxy_secret: SecretStr | None = Field(
        None, description="what the proxy writes into the header plaint-proxy-secret, over whatever stands there"
    )
    proxy_addresses: str | None = Field(
        None, description="source addresses that the proxy alone has, such as Istio's 127.0.0.6, separated by commas"
    )
    jwks: str | None = Field(
        None, description="public keys of who signs tokens, https address or file; absent: no tokens are taken"
    )
    issuer: str | None = Field(None, description="who signs tokens: their claim iss, to the letter")
    audience: str | None = Field(None, description="for whom tokens are: this must be in their claim aud")
    token_algorithms: str = Field("RS256,ES256", description="signatures of tokens that count, separated by commas")
    token_roles_claim: str = Field(
        "roles", description="claim that names a person's roles or groups; dots lead into others: realm_access.roles"
    )
    token_units_claim: str | None = Field(
        None,
        description="claim with the business units of a token, `*` for all, none if it is missing; "
        "absent: tokens confine nobody",
    )
    token_name_claim: str = Field("name", description="claim with a person's name, kept sealed in staff.bound")
    config_dir: Annotated[Path, AfterValidator(_there)] | None = Field(
        None, description="YAML files that replace or add to the shipped configuration"
    )
    knowledge_dir: Annotated[Path, AfterValidator(_there)] | None = Field(
        None, description="articles in Markdown, a folder a type of complaint, that replace or add to the shipped ones"
    )
    presets: str | None = Field(
        None, description="optional presets to bring into force, such as uk-fca-disp, separated by commas"
    )
    language: Annotated[str, Field(pattern="^(en|ru)$")] = Field(
        "en", description="language of sentences for people: en or ru"
    )
    projection_batch: Annotated[int, Field(ge=1, le=50_000)] = Field(
        2_000, description="events that one projection batch takes"
    )
    poll_seconds: Annotated[float, Field(gt=0, le=60)] = Field(
        1.0, description="longest wait before the log is looked at again"
    )
    log_format: Annotated[str, Field(pattern="^(auto|json|console)$")] = Field(
        "auto", description="auto, json or console"
    )
    health_host: Annotated[str, Field(pattern=r"^[0-9A-Za-z.:_-]{1,255}$")] = Field(
        "127.0.0.1", description="address at which this process answers its probes and is asked for figures"
    )
    health_port: Annotated[int, Field(ge=0, le=65535)] | None = Field(
        None, description="port for that, 0 takes a free one; absent: only the HTTP door answers probes"
    )
    drain_seconds: Annotated[float, Field(ge=0, le=300)] = Field(
        0.0, description="how long the HTTP door goes on answering, not ready any more, once it is told to end"
    )
    otlp_endpoint: Annotated[str, AfterValidator(_url)] | None = Field(
        None, description="OTLP over HTTP, such as http://collector:4318/v1/traces; absent: no spans are recorded"
    )
    otlp_headers: SecretStr | None = Field(
        None, description="headers that the collector asks for, name=value separated by commas"
    )
    trace_share: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0, description="share of the traces that begin here whose spans are recorded; a caller's word counts first"
    )
    own_addresses: str | None = Field(None, description="addresses that our own mail is sent from, separated by commas")
    own_message_id_domains: str | None = Field(
        None, description="domains that stand in our own Message-IDs and in no others"
    )
    own_lists: str | None = Field(
        None, description="List-Ids through which people write to us, such as a shared mailbox"
    )
    kafka_servers: Annotated[str, AfterValidator(_servers)] | None = Field(
        None, description="some nodes of the Kafka cluster, host:port separated by commas; absent: no Kafka"
    )
    kafka_security: Security = Field("plaintext", description="plaintext, ssl, sasl_plaintext or sasl_ssl")
    kafka_mechanism: Mechanism = Field(
        "scram-sha-512", description="how the password is shown: scram-sha-512, scram-sha-256 or plain"
    )
    kafka_username: str | None = Field(None, description="who we are to Kafka, with sasl_plaintext or sasl_ssl")
    kafka_password: SecretStr | None = Field(None, description="the password to it")
    kafka_ca_file: Annotated[Path, AfterValidator(_readable)] | None = Field(
        None, description="PEM of who signs Kafka's certificates; absent: whom the system trusts"
    )
    kafka_group: _Topic = Field("plaint", description="consumer group that shares the topics out")
    kafka_instance: _Topic | None = Field(
        None, description="group instance id, one for each process, that keeps its partitions over a restart"
    )
    kafka_inbound: _Topic = Field("complaints.inbound", description="topic of channel messages")
    kafka_commands: _Topic = Field("complaints.commands", description="topic of commands")
    kafka_events: _Topic = Field("complaints.events", description="topic that events are published to")
    kafka_notices: _Topic = Field("complaints.notices", description="topic that notices are published to")
    kafka_dead_letters: _Topic = Field("complaints.dead-letters", description="topic that dead letters are relayed to")
    kafka_max_octets: Annotated[int, Field(ge=1_024, le=40 * 1024 * 1024)] = Field(
        1_048_576, description="largest key and value of a record; a larger one is a dead letter"
    )
    kafka_max_headers: Annotated[int, Field(ge=1, le=10_000)] = Field(
        100, description="most headers of a record; one with more is a dead letter"
    )
    kafka_poll_records: Annotated[int, Field(ge=1, le=50_000)] = Field(
        2_000, description="records that one transaction takes at most"
    )
    smtp_server: Annotated[str, AfterValidator(_servers)] | None = Field(
        None, description="mail server that takes our mail, host:port; absent: Plaint sends none"
    )
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls, tls (encrypted from the beginning) or none"
    )
    smtp_username: str | None = Field(None, description="who we are to the mail server; absent: it does not ask")
    smtp_password: SecretStr | None = Field(None, description="the password to it")
    smtp_ca_file: Annotated[Path, AfterValidator(_readable)] | None = Field(
        None, description="PEM of who signs the mail server's certificate; absent: whom the system trusts"
    )
    smtp_from: str | None = Field(
        None, description="who our mail is from, such as Complaints <complaints@example.com>; bounces go there, too"
    )
    smtp_message_id_domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,250}$")] | None = Field(
        None, description="domain in the Message-IDs of our mail; absent: that of PLAINT_SMTP_FROM"
    )
    publish_texts: bool = Field(
        default=False, description="true: events carry what persons wrote, for as long as the topic keeps them"
    )
    publish_imports: bool = Field(default=False, description="true: events of imported history are published, too")
    access_log: Literal["texts", "cases"] = Field(
        "texts",
        description="texts: who opened texts or searched in them is noted; cases: also who saw a case without them",
    )
    local_person: str | None = Field(None, description="who works on the command line; absent: the login name")

    @property
    def master_key(self) -> Path:
        """Where the master key is kept."""
        return self.master_key_file or self.data_dir / "master.key"

    @property
    def ledger(self) -> Path:
        """Where erasures are kept outside of the database."""
        return self.erasure_ledger or self.data_dir / "erasures.ledger"

    @property
    def own_mail(self) -> OwnMail:
        """How our own mail is told from others'."""
        return OwnMail(
            addresses=_names(self.own_addresses) | _names((self.smtp_from or "").rpartition("<")[2].rstrip("> ")),
            message_id_domains=_names(self.own_message_id_domains),
            lists=_names(self.own_lists),
        )

    @property
    def mail_server(self) -> tuple[str, int] | None:
        """Host and port of the mail server."""
        host, _, port = (self.smtp_server or "").rpartition(":")
        return (host.strip().strip("[]"), int(port)) if host else None

    @property
    def named_presets(self) -> frozenset[str]:
        """The optional presets that are to be in force."""
        return _names(self.presets)

    @property
    def contents(self) -> Path:
        """Where large attachments are kept."""
        return self.content_dir or self.data_dir / "content"


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this process.

    Raises:
        SettingsRefused: an unknown name, an unreadable ``*_FILE`` or a value out of range.
    """
    given = os.environ if environment is None else environment
    values: dict[str, str] = {}
    for name in sorted(given):
        if name.startswith(_PREFIX) and not name.startswith(_FOR_TESTS):
            field, value = _read(name, given[name])
            if field in values:
                raise SettingsRefused(f"{_PREFIX}{field.upper()} and its _FILE form are both set; keep one")
            values[field] = value
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems = [f"{_PREFIX}{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()]
        raise SettingsRefused("; ".join(problems)) from None
    _fit_together(settings)
    return settings


def _fit_together(settings: Settings) -> None:
    """Refuse a password that would go nowhere, and a door that asks for one which nobody gave."""
    asked = settings.kafka_security.startswith("sasl")
    given = {settings.kafka_username is not None, settings.kafka_password is not None}
    if given != {asked}:
        raise SettingsRefused(
            f"PLAINT_KAFKA_SECURITY is {settings.kafka_security}: PLAINT_KAFKA_USERNAME and PLAINT_KAFKA_PASSWORD "
            f"{'are both needed' if asked else 'would not be used; unset them, or say sasl_ssl'}"
        )
    _fit_for_mail(settings)
    if found := list(proving.faults(settings)):
        raise SettingsRefused("; ".join(found))


def _fit_for_mail(settings: Settings) -> None:
    """Refuse a mail server without a sender, more than one server, and a password that others could read."""
    if settings.smtp_server is None:
        return
    if "," in settings.smtp_server:
        raise SettingsRefused("PLAINT_SMTP_SERVER: name one server, host:port")
    if settings.smtp_from is None:
        raise SettingsRefused("PLAINT_SMTP_SERVER is set: PLAINT_SMTP_FROM is needed, too: who our mail is from")
    if (settings.smtp_username is None) != (settings.smtp_password is None):
        raise SettingsRefused("PLAINT_SMTP_USERNAME and PLAINT_SMTP_PASSWORD go together: set both or neither")
    host, _ = settings.mail_server or ("", 0)
    if settings.smtp_password is not None and settings.smtp_security == "none" and host not in LOOPBACK:
        raise SettingsRefused("PLAINT_SMTP_SECURITY is none: the password would cross the network in clear; say tls")


def _read(name: str, value: str) -> tuple[str, str]:
    field = name.removeprefix(_PREFIX).lower()
    if not value.strip() and field.removesuffix("_file") in Settings.model_fields:
        raise SettingsRefused(f"{name} is empty; give it a value, or unset it for the default")
    if field in Settings.model_fields:
        return field, value
    of_file = field.removesuffix("_file")
    if of_file != field and of_file in Settings.model_fields:
        try:
            text = Path(value).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise SettingsRefused(f"{name}: cannot read that file ({reason})") from None
        if not text:
            raise SettingsRefused(f"{name}: that file is empty; put the value into it, or unset {name}")
        return of_file, text
    close = difflib.get_close_matches(field, Settings.model_fields, n=1)
    hint = f"; did you mean {_PREFIX}{close[0].upper()}?" if close else "; see 'plaint config check' for the names"
    raise SettingsRefused(f"{name} is not a setting{hint}")
