import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.store.vault.master import (
    KeyFile,
    KeyFileRefused,
    UnknownMasterKey,
    WrappedKey,
    add_key,
    create_key_file,
    load_key_file,
    open_to_others,
    remove_keys,
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
    ("mode", "owner", "reader", "refused"),
    [
        (0o100400, 10001, 10001, False),
        (0o100440, 10001, 10001, True),
        (0o100440, 0, 0, True),
        (0o100440, 0, 10001, False),
        (0o100460, 0, 10001, True),
        (0o100444, 0, 10001, True),
    ],
)
def test_a_group_may_read_what_root_hands_to_a_program_that_is_not_root(
    *, mode: int, owner: int, reader: int, refused: bool
) -> None:
    assert open_to_others(mode, owner=owner, reader=reader) is refused


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


def test_a_new_key_comes_first_and_every_other_line_stays(tmp_path: Path) -> None:
    path = write(tmp_path / "k", "# of the year\n" + line("old", 1))
    wrapped = load_key_file(path).wrap(b"secret", b"")

    new = add_key(path)

    keys = load_key_file(path)
    assert keys.ids == (new, "old")
    assert keys.unwrap(wrapped, b"") == b"secret"
    assert path.read_text(encoding="ascii").endswith("\n# of the year\n" + line("old", 1))
    assert (stat.S_IMODE(path.stat().st_mode), list(tmp_path.iterdir())) == (0o600, [path])


def test_a_line_is_taken_out_by_its_id_but_never_the_one_that_wraps(tmp_path: Path) -> None:
    path = write(tmp_path / "k", line("new", 3) + "# older\n" + line("old", 2) + line("oldest", 1))

    remove_keys(path, ["oldest"])

    assert path.read_text(encoding="ascii") == line("new", 3) + "# older\n" + line("old", 2)
    for ids in (["new"], ["absent"]):
        with pytest.raises(ValueError, match="no longer wrap"):
            remove_keys(path, ids)


def test_a_file_keeps_its_owner_and_the_link_that_names_it(tmp_path: Path) -> None:
    path = write(tmp_path / "k", line("old", 1))
    named = tmp_path / "named"
    named.symlink_to(path)
    owner = (1234, 1234) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(path, *owner)

    add_key(named)

    assert named.is_symlink()
    assert (path.stat().st_uid, path.stat().st_gid) == owner


def test_keys_in_memory_follow_the_file_and_outlast_it(tmp_path: Path) -> None:
    path = write(tmp_path / "k", line("old", 1))
    keys, other = load_key_file(path), load_key_file(path)
    new = add_key(path)

    assert other.wrap(b"x", b"").master_id == new
    assert keys.unwrap(load_key_file(path).wrap(b"secret", b""), b"") == b"secret"
    remove_keys(path, ["old"])
    assert keys.wrap(b"x", b"").master_id == new
    path.write_text("no key", encoding="ascii")
    assert keys.wrap(b"x", b"").master_id == new
    path.unlink()
    assert keys.wrap(b"x", b"").master_id == new
