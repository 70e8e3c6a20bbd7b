"""Wheels that lie, escape, explode or clash are refused by rule, by build and by install."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from support.command import envpack as command
from support.layouts import interpreter, make_layout
from support.locks import write_lock
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")

RECORD = "demo-1.0.dist-info/RECORD"
Wheels = Callable[[Path], list[Path]]


def rewritten(change: Callable[[dict[str, bytes]], object]) -> Wheels:
    """Change the members of a good wheel, by name."""

    def make(folder: Path) -> list[Path]:
        wheel = make_wheel(folder, "demo", "1.0", files={"demo.py": b"text = 1\n"})
        with zipfile.ZipFile(wheel) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
        change(members)
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        return [wheel]

    return make


def in_record(old: bytes, new: bytes) -> Wheels:
    def change(members: dict[str, bytes]) -> None:
        assert old in members[RECORD]
        members[RECORD] = members[RECORD].replace(old, new, 1)

    return rewritten(change)


def with_file(name: str, data: bytes = b"x = 1\n") -> Wheels:
    return lambda folder: [make_wheel(folder, "demo", "1.0", files={name: data})]


def with_entry_point(line: str) -> Wheels:
    return lambda folder: [
        make_wheel(folder, "demo", "1.0", entry_points=f"[console_scripts]\n{line}\n")
    ]


def with_link(folder: Path) -> list[Path]:
    wheel = make_wheel(folder, "demo", "1.0", files={"demo.py": b"", "link": b"/etc/passwd"})
    data = wheel.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        info = archive.getinfo("link")
        regular, link = (info.external_attr, (stat.S_IFLNK | 0o777) << 16)
    at = data.index(b"PK\x01\x02", archive.start_dir)
    while data[at + 46 : at + 46 + 4] != b"link":
        at = data.index(b"PK\x01\x02", at + 4)
    assert data[at + 38 : at + 42] == regular.to_bytes(4, "little")
    wheel.write_bytes(data[: at + 38] + link.to_bytes(4, "little") + data[at + 42 :])
    return [wheel]


def overlapping(folder: Path) -> list[Path]:
    """Let two entries of the directory share one local header, as bombs do."""
    wheel = make_wheel(folder, "demo", "1.0", files={"demo0.py": bytes(9), "demo1.py": bytes(9)})
    data = bytearray(wheel.read_bytes())
    with zipfile.ZipFile(wheel) as archive:
        first, second = (archive.getinfo(f"demo{i}.py").header_offset for i in range(2))
    at = data.rindex(b"demo1.py", 0, data.index(RECORD.encode(), archive.start_dir)) - 46
    assert data[at + 42 : at + 46] == second.to_bytes(4, "little")
    data[at + 42 : at + 46] = first.to_bytes(4, "little")
    wheel.write_bytes(bytes(data))
    return [wheel]


def conflicting(folder: Path) -> list[Path]:
    return [
        make_wheel(folder, name, "1.0", files={"shared.py": name.encode()})
        for name in ("demo", "other")
    ]


ROWS: dict[str, tuple[str, Wheels]] = {
    "a file unlike RECORD": (
        "record.hash-mismatch",
        rewritten(lambda members: members.update({"demo.py": b"text = 2\n"})),
    ),
    "a size unlike RECORD": ("record.size", in_record(b",9\n", b",8\n")),
    "a file that RECORD lacks": (
        "record.not-listed",
        rewritten(lambda members: members.update({"more.py": b""})),
    ),
    "a row without a file": ("record.no-file", in_record(b"demo.py,", b"gone.py,,\ndemo.py,")),
    "no RECORD": ("record.missing", rewritten(lambda members: members.pop(RECORD))),
    "a weak hash": ("record.weak-hash", in_record(b"demo.py,sha256=", b"demo.py,md5=")),
    "a row twice": ("record.duplicate-row", in_record(b"demo.py,", b"demo.py,,\ndemo.py,")),
    "a row that escapes": ("record.path", in_record(b"demo.py,", b"../../../x,,\ndemo.py,")),
    "much from little": ("zip.ratio", with_file("demo.py", bytes(70 << 20))),
    "one header for two entries": ("zip.overlap", overlapping),
    "a name that escapes": ("zip.name", with_file("../../../escaped.py")),
    "an absolute name": ("zip.name", with_file("/etc/escaped.py")),
    "a name of Windows": ("zip.name", with_file("..\\escaped.py")),
    "a script that escapes": ("zip.name", with_file("demo-1.0.data/scripts/../../escaped")),
    "an unknown scheme": ("wheel.data-scheme", with_file("demo-1.0.data/stdlib/os.py")),
    "a command that escapes": ("entry-points.bad-name", with_entry_point("../escaped = demo:main")),
    "a link": ("zip.file-type", with_link),
    "two packages with one path": ("plan.path-conflict", conflicting),
}


def arguments_of(verb: str, folder: Path, place: Path) -> list[str]:
    """Give the options for a result below ``place``."""
    if verb == "install":
        return ["--prefix", str(place / "env")]
    return ["--base", make_layout(folder / "base", interpreter()), "-o", f"oci:{place / 'image'}"]


@pytest.mark.parametrize("verb", ["build", "install"])
@pytest.mark.parametrize("what", ROWS)
def test_it_is_refused_and_nothing_is_written(tmp_path: Path, what: str, verb: str) -> None:
    rule, make = ROWS[what]
    place = tmp_path / "a" / "b" / "c"
    lock = write_lock(tmp_path / "pylock.toml", make(tmp_path / "wheels"))
    result = command(verb, lock, *arguments_of(verb, tmp_path, place), status=None)
    assert f"rule: {rule}" in result.stderr
    assert result.returncode in {2, 3}
    assert not place.exists()
    assert list(tmp_path.rglob("escaped*")) == []


@pytest.mark.parametrize("verb", ["build", "install"])
@pytest.mark.parametrize("number", [1, 5])
def test_a_wheel_that_is_not_the_locked_one_is_named(
    tmp_path: Path, number: int, verb: str
) -> None:
    wheels = [
        make_wheel(tmp_path, f"demo{i}", "1.0", files={f"demo{i}.py": b"#" * 1000 * i})
        for i in range(number)
    ]
    lock = write_lock(tmp_path / "pylock.toml", wheels)
    place = tmp_path / "place"
    arguments = arguments_of(verb, tmp_path, place)
    for wheel in wheels:  # alone or in a pair
        good = wheel.read_bytes()
        wheel.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        result = command(verb, lock, *arguments, status=None)
        wheel.write_bytes(good)
        assert "rule: lock.hash-mismatch" in result.stderr
        assert f"{wheel.name} has sha256 " in result.stderr
        assert not place.exists()
    command(verb, lock, *arguments)


def test_a_file_of_a_whiteout_s_name_has_no_place_in_a_layer(tmp_path: Path) -> None:
    [wheel] = with_file("demo/.wh.os.py")(tmp_path / "wheels")
    lock = write_lock(tmp_path / "pylock.toml", [wheel])
    base = make_layout(tmp_path / "base", interpreter())
    result = command("build", lock, "--base", base, "-o", f"oci:{tmp_path / 'image'}", status=None)
    assert "rule: wheel.whiteout-name" in result.stderr
    assert not (tmp_path / "image").exists()
