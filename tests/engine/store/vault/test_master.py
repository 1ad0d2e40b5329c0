import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.store.vault.master import (
    KeyFile,
    KeyFileRefused,
    UnknownMasterKey,
    WrappedKey,
    create_key_file,
    load_key_file,
)


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="ascii")
    path.chmod(mode)
    return path


def line(master_id: str, octet: int) -> str:
    return f"{master_id} {base64.b64encode(bytes([octet]) * 32).decode()}\n"


def test_a_created_file_is_its_owners_alone_and_wraps_and_unwraps(tmp_path: Path) -> None:
    path = tmp_path / "master.key"

    assert create_key_file(path) is True

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    keys = load_key_file(path)
    assert keys.unwrap(keys.wrap(b"secret", b"here"), b"here") == b"secret"


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    create_key_file(path)
    before = path.read_bytes()

    assert create_key_file(path) is False
    assert path.read_bytes() == before


def test_of_many_that_create_at_once_one_wins_and_all_use_its_key(tmp_path: Path) -> None:
    path = tmp_path / "master.key"

    def create(_: int) -> tuple[bool, str]:
        return create_key_file(path), load_key_file(path).current

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(create, range(16)))

    assert sum(created for created, _ in made) == 1
    assert len({current for _, current in made}) == 1


def test_the_first_line_wraps_and_the_others_still_unwrap(tmp_path: Path) -> None:
    old = load_key_file(write(tmp_path / "a", line("old", 1)))
    wrapped = old.wrap(b"secret", b"")
    both = load_key_file(write(tmp_path / "b", "# rotated\n" + line("new", 2) + line("old", 1)))

    assert both.current == "new"
    assert both.wrap(b"x", b"").master_id == "new"
    assert both.unwrap(wrapped, b"") == b"secret"


def test_a_wrapped_key_opens_only_in_its_place_and_by_its_master() -> None:
    keys = KeyFile({"m": bytes(32)})
    wrapped = keys.wrap(b"secret", b"row 1")

    with pytest.raises(ValueError, match="does not belong to its row"):
        keys.unwrap(wrapped, b"row 2")
    with pytest.raises(UnknownMasterKey, match="master key other is not at hand"):
        keys.unwrap(WrappedKey("other", wrapped.wrapped), b"row 1")


def test_a_file_open_to_others_is_refused_with_the_fix(tmp_path: Path) -> None:
    path = write(tmp_path / "k", line("m", 1), 0o640)

    with pytest.raises(KeyFileRefused, match=f"chmod 600 {path}"):
        load_key_file(path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds no key"),
        ("# only a comment\n", "holds no key"),
        ("m1\n", "line 1: not '<id> <base64"),
        (line("ok", 1) + "m1 c2hvcnQ=\n", "line 2: not '<id> <base64"),
        (f"bad/id {base64.b64encode(bytes(32)).decode()}\n", "line 1: not '<id> <base64"),
    ],
)
def test_a_file_without_proper_keys_is_refused_by_line_and_shows_none(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(KeyFileRefused, match=problem) as caught:
        load_key_file(write(tmp_path / "k", text))

    assert "c2hvcnQ" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileRefused, match="absent"):
        load_key_file(tmp_path / "absent")
