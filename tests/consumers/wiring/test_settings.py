"""What the environment says, read once: nothing unknown, nothing silently wrong, no secret repeated."""

import re
from pathlib import Path

import pytest

from consumers.wiring.settings import Settings, SettingsRefused, from_environment
from support.commandline import CommandLine

SECRET = "hunter2-4711"
ADDRESS = f"postgresql://plaint:{SECRET}@db.example:5432/plaint"


def refusal(environment: dict[str, str]) -> str:
    with pytest.raises(SettingsRefused) as caught:
        from_environment(environment)
    return str(caught.value)


def test_an_environment_without_settings_gives_the_defaults() -> None:
    found = from_environment({"PATH": "/bin", "PLAINTEXT": "1", "PLAINT_TEST_X": "1", "PLAINT_REAL_DATA": "/data"})
    assert found == Settings()
    assert (found.database, found.http_host, found.http_port, found.language) == (None, "127.0.0.1", 8080, "en")
    assert found.master_key == found.data_dir / "master.key"
    assert found.contents == found.data_dir / "content"


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("PLAINT_HTTP_PROT", "did you mean PLAINT_HTTP_PORT?"),
        ("PLAINT_DATABSE_FILE", "did you mean PLAINT_DATABASE?"),
        ("PLAINT_XYZZY", "see 'plaint config check' for the names"),
        ("PLAINT_", "see 'plaint config check' for the names"),
    ],
)
def test_an_unknown_name_is_refused_with_what_may_be_meant(name: str, hint: str) -> None:
    assert refusal({name: SECRET}) == f"{name} is not a setting; {hint}"


def test_a_file_holds_the_value_without_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "address").write_text(ADDRESS + "\n", encoding="utf-8")
    found = from_environment({"PLAINT_DATABASE_FILE": str(tmp_path / "address")})
    assert found.database is not None
    assert found.database.get_secret_value() == ADDRESS


def test_a_setting_whose_own_name_ends_in_file_names_the_file_itself(tmp_path: Path) -> None:
    assert from_environment({"PLAINT_MASTER_KEY_FILE": str(tmp_path / "key")}).master_key == tmp_path / "key"


def test_both_forms_of_a_setting_are_refused(tmp_path: Path) -> None:
    (tmp_path / "address").write_text(ADDRESS, encoding="utf-8")
    both = {"PLAINT_DATABASE": ADDRESS, "PLAINT_DATABASE_FILE": str(tmp_path / "address")}
    assert refusal(both) == "PLAINT_DATABASE and its _FILE form are both set; keep one"


def test_a_file_that_gives_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "octets").write_bytes(b"\xff\xfe\x00")
    by_file = {
        "absent": "cannot read that file (No such file or directory)",
        "empty": "that file is empty; put the value into it, or unset PLAINT_DATABASE_FILE",
        "octets": "cannot read that file (it is not UTF-8)",
    }
    for name, reason in by_file.items():
        assert refusal({"PLAINT_DATABASE_FILE": str(tmp_path / name)}) == f"PLAINT_DATABASE_FILE: {reason}"


@pytest.mark.parametrize("name", ["PLAINT_DATABASE", "PLAINT_DATABASE_FILE", "PLAINT_DATA_DIR", "PLAINT_HTTP_PORT"])
def test_an_empty_value_never_runs_with_the_default(name: str) -> None:
    assert refusal({name: " "}) == f"{name} is empty; give it a value, or unset it for the default"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("HTTP_PORT", "http", "Input should be a valid integer, unable to parse string as an integer"),
        ("HTTP_PORT", "65536", "Input should be less than or equal to 65535"),
        ("HTTP_PORT", "-1", "Input should be greater than or equal to 0"),
        (
            "HTTP_HOST",
            "192.0.2.1",
            (
                "without identity only loopback is served: 127.0.0.1, ::1 or localhost; "
                "or set PLAINT_PROXY_PROOF or PLAINT_JWKS, so that it is known who asks"
            ),
        ),
        ("POOL_SIZE", "1", "Input should be greater than or equal to 2"),
        ("LANGUAGE", "fr", "String should match pattern '^(en|ru)$'"),
        ("LOG_FORMAT", "xml", "String should match pattern '^(auto|json|console)$'"),
        ("CONFIG_DIR", "/absent/dir", "is no directory that can be read"),
        ("PG_BIN", "/absent/bin", "is no directory that can be read"),
        (
            "KAFKA_SERVERS",
            "broker.example",
            "is no list of host:port, separated by commas",
        ),
        ("KAFKA_SERVERS", "broker.example:9092,", "is no list of host:port, separated by commas"),
        ("KAFKA_SECURITY", "tls", "Input should be 'plaintext', 'ssl', 'sasl_plaintext' or 'sasl_ssl'"),
        ("KAFKA_CA_FILE", "/absent/ca.pem", "cannot read that file (No such file or directory)"),
        ("KAFKA_EVENTS", "events of mine", "String should match pattern '^[A-Za-z0-9._-]{1,249}$'"),
        (
            "DATABASE",
            SECRET,
            "is no address of PostgreSQL; give one such as postgresql://user:password@host:5432/database",
        ),
    ],
)
def test_a_wrong_value_names_its_setting_and_the_fix_and_is_not_repeated(name: str, value: str, reason: str) -> None:
    assert refusal({f"PLAINT_{name}": value}) == f"PLAINT_{name}: {reason}"


def test_all_wrong_values_are_told_at_once() -> None:
    told = refusal({"PLAINT_HTTP_PORT": "x", "PLAINT_POOL_SIZE": "x"})
    assert re.findall("PLAINT_[A-Z_]+", told) == ["PLAINT_POOL_SIZE", "PLAINT_HTTP_PORT"]


PASSWORD = {"PLAINT_KAFKA_USERNAME": "plaint", "PLAINT_KAFKA_PASSWORD": SECRET}


@pytest.mark.parametrize("given", [PASSWORD, {"PLAINT_KAFKA_USERNAME": "plaint"}, {"PLAINT_KAFKA_PASSWORD": SECRET}])
def test_a_password_that_would_go_nowhere_is_refused(given: dict[str, str]) -> None:
    told = refusal({**given, "PLAINT_KAFKA_SECURITY": "ssl"})
    assert told == (
        "PLAINT_KAFKA_SECURITY is ssl: PLAINT_KAFKA_USERNAME and PLAINT_KAFKA_PASSWORD would not be used; "
        "unset them, or say sasl_ssl"
    )


@pytest.mark.parametrize("given", [{}, {"PLAINT_KAFKA_USERNAME": "plaint"}, {"PLAINT_KAFKA_PASSWORD": SECRET}])
def test_a_door_that_asks_for_a_password_needs_both(given: dict[str, str]) -> None:
    told = refusal({**given, "PLAINT_KAFKA_SECURITY": "sasl_ssl"})
    assert told == (
        "PLAINT_KAFKA_SECURITY is sasl_ssl: PLAINT_KAFKA_USERNAME and PLAINT_KAFKA_PASSWORD are both needed"
    )


def test_the_password_of_kafka_comes_from_a_file_and_is_masked(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(SECRET + "\n", encoding="utf-8")
    given = {
        "PLAINT_KAFKA_SECURITY": "sasl_plaintext",
        "PLAINT_KAFKA_USERNAME": "plaint",
        "PLAINT_KAFKA_PASSWORD_FILE": str(tmp_path / "password"),
    }
    found = from_environment(given)
    assert found.kafka_password is not None
    assert found.kafka_password.get_secret_value() == SECRET
    assert SECRET not in check(tmp_path, **given).ok("config", "check").out


MAIL = {"PLAINT_SMTP_SERVER": "mail.example.com:587", "PLAINT_SMTP_FROM": "Complaints <complaints@example.com>"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"PLAINT_SMTP_SERVER": "a:1,b:2"}, "PLAINT_SMTP_SERVER: name one server, host:port"),
        (
            {"PLAINT_SMTP_USERNAME": "us"},
            "PLAINT_SMTP_USERNAME and PLAINT_SMTP_PASSWORD go together: set both or neither",
        ),
        (
            {"PLAINT_SMTP_USERNAME": "us", "PLAINT_SMTP_PASSWORD": SECRET, "PLAINT_SMTP_SECURITY": "none"},
            "PLAINT_SMTP_SECURITY is none: the password would cross the network in clear; say tls",
        ),
    ],
)
def test_settings_of_mail_that_do_not_fit_together_are_refused(more: dict[str, str], told: str) -> None:
    assert refusal({**MAIL, **more}) == told


def test_a_mail_server_needs_somebody_to_send_from() -> None:
    told = "PLAINT_SMTP_SERVER is set: PLAINT_SMTP_FROM is needed, too: who our mail is from"
    assert refusal({"PLAINT_SMTP_SERVER": "mail.example.com:587"}) == told


@pytest.mark.parametrize(
    ("text", "found"), [("mail.example.com:587", ("mail.example.com", 587)), ("[::1]:25", ("::1", 25))]
)
def test_a_mail_server_has_a_host_and_a_port(text: str, found: tuple[str, int]) -> None:
    assert from_environment({**MAIL, "PLAINT_SMTP_SERVER": text}).mail_server == found
    assert from_environment({}).mail_server is None


def test_whom_our_mail_is_from_is_known_as_ours_when_it_comes_back() -> None:
    given = {**MAIL, "PLAINT_OWN_ADDRESSES": "desk@example.com"}
    assert from_environment(given).own_mail.addresses == {"desk@example.com", "complaints@example.com"}
    bare = {**MAIL, "PLAINT_SMTP_FROM": "Complaints@example.com"}
    assert from_environment(bare).own_mail.addresses == {"complaints@example.com"}
    assert from_environment({}).own_mail.addresses == frozenset()


# --- config check ---------------------------------------------------------------------------


def check(tmp_path: Path, **settings: str) -> CommandLine:
    return CommandLine({"PLAINT_DATA_DIR": str(tmp_path), **settings})


def test_config_check_prints_every_setting_and_masks_secrets(tmp_path: Path) -> None:
    line = check(tmp_path, PLAINT_DATABASE=ADDRESS)
    told = line.ok("config", "check", "--json")
    assert list(told.json()) == ["settings", "configuration"]
    assert list(told.json()["settings"]) == [f"PLAINT_{name.upper()}" for name in Settings.model_fields]
    assert told.json()["settings"]["PLAINT_DATABASE"] == "**********"
    assert told.json()["settings"]["PLAINT_DATA_DIR"] == str(tmp_path)
    assert {tuple(one) for one in told.json()["configuration"]} == {("kind", "id", "version")}
    assert SECRET not in told.out + told.err + line.ok("config", "check").out
    assert list(tmp_path.iterdir()) == [], "checking makes nothing"


@pytest.mark.parametrize(
    "settings", [{"PLAINT_HTTP_PROT": SECRET}, {"PLAINT_DATABASE": SECRET}, {"PLAINT_HTTP_PORT": SECRET}]
)
@pytest.mark.parametrize("command", [["config", "check"], ["case", "list"], ["run"]])
def test_a_wrong_setting_ends_every_command_with_78(
    tmp_path: Path, settings: dict[str, str], command: list[str]
) -> None:
    outcome = check(tmp_path, **settings)(*command)
    assert (outcome.code, outcome.out) == (78, "")
    assert outcome.err.startswith(f"plaint: {next(iter(settings))}")
    assert SECRET not in outcome.err


def test_a_wrong_file_of_configuration_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "calendar.yaml").write_text("kind: calendar\nid: x\nnonsense: 1\n", encoding="utf-8")
    outcome = check(tmp_path, PLAINT_CONFIG_DIR=str(tmp_path))("config", "check")
    assert outcome.code == 78
    assert f"{tmp_path}/calendar.yaml" in outcome.err
    assert "line 3" in outcome.err


def test_a_file_of_configuration_replaces_the_shipped_one_of_its_id(tmp_path: Path) -> None:
    own = "kind: code_list\nid: product\nversion: 7\nvalues:\n  kettle: {}\n"
    (tmp_path / "product.yaml").write_text(own, encoding="utf-8")
    told = check(tmp_path, PLAINT_CONFIG_DIR=str(tmp_path)).ok("config", "check", "--json").json()["configuration"]
    assert [one for one in told if one["id"] == "product"] == [{"kind": "code_list", "id": "product", "version": 7}]


def test_a_file_of_configuration_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "desk.yml").write_bytes(b"kind: desk\xff\n")
    outcome = check(tmp_path, PLAINT_CONFIG_DIR=str(tmp_path))("config", "check")
    assert outcome.code == 78
    assert outcome.err == f"plaint: {tmp_path}/desk.yml: octet 11: not UTF-8; save the file as UTF-8\n"
