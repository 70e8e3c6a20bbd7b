"""Images that were made to escape, hang or fill the memory: an answer or one clear error."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from support.command import COMMAND
from support.layouts import SITE, distribution, make_layout, member, python

#: Of address space: far more than a small image needs, far less than what is in the way below.
MEMORY = 1 << 30
SECONDS = 60


def freeze(source: str, *options: str, status: int = 0) -> str:
    """Run ``envpack freeze`` within bounds; return its output, or what it complains about."""
    result = subprocess.run(
        ["prlimit", f"--as={MEMORY}", COMMAND, "-q", "freeze", source, *options],
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert result.returncode == status, f"{result.returncode}: {result.stderr}"
    return result.stdout if status == 0 else result.stderr


def document(source: str) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(freeze(source, "--format", "json"))
    return found


@pytest.mark.parametrize("name", ["../../../tmp/escaped", f"{SITE}/../../../../../tmp/escaped"])
def test_a_member_that_leaves_the_root_is_an_error(name: str, tmp_path: Path) -> None:
    source = make_layout(tmp_path / "image", [*python(), member(name, b"x")])
    assert "escaped` leaves its root" in freeze(source, status=2)
    assert not Path("/tmp/escaped").exists()  # noqa: S108


def test_a_hard_link_out_of_the_root_is_an_error(tmp_path: Path) -> None:
    link = member(f"{SITE}/x-1.0.dist-info/METADATA", kind=tarfile.LNKTYPE, link="../etc/passwd")
    source = make_layout(tmp_path / "image", [*python(), link])
    assert "passwd` leaves its root" in freeze(source, status=2)


def test_an_absolute_member_is_inside(tmp_path: Path) -> None:
    inside = [*distribution("inside", "2.0")]
    for info, _ in inside:
        info.name = f"/{info.name}"
    source = make_layout(tmp_path / "image", python(), inside)
    assert [p["name"] for p in document(source)["packages"]] == ["good", "inside"]


def test_links_stay_in_the_root_and_end(tmp_path: Path) -> None:
    links = {
        f"{SITE}/out-1.0.dist-info": "/../../../../../../../proc/self",
        f"{SITE}/loop-1.0.dist-info": "loop-1.0.dist-info",
        f"{SITE}/ping.egg-link": "pong.egg-link",
        f"{SITE}/pong.egg-link": "ping.egg-link",
        f"{SITE}/loop.pth": "/loop.pth",
        "loop.pth": f"{SITE}/loop.pth",
        "usr/local/lib/python3.11/dist-packages": "../../../../../../../../../../etc",
        "usr/lib/python3.11/site-packages": "..",
    }
    layer = [member(name, kind=tarfile.SYMTYPE, link=link) for name, link in links.items()]
    found = document(make_layout(tmp_path / "image", python(), layer))
    assert [p["name"] for p in found["packages"]] == ["good"]


def test_a_layer_may_put_anything_where_a_file_belongs(tmp_path: Path) -> None:
    layer = []
    kinds = {
        "fifo": tarfile.FIFOTYPE,
        "device": tarfile.CHRTYPE,
        "block": tarfile.BLKTYPE,
        "folder": tarfile.DIRTYPE,
    }
    for name, kind in kinds.items():
        folder = f"{SITE}/{name}-1.0.dist-info"
        layer += [
            member(f"{folder}/{file}", kind=kind)
            for file in ("METADATA", "INSTALLER", "direct_url.json", "RECORD")
        ]
    found = document(make_layout(tmp_path / "image", python(), layer))
    flags = {p["name"]: p["flags"] for p in found["packages"]}
    assert flags.pop("good") == []
    damage = ["bad-direct-url", "no-metadata", "unremovable"]
    assert flags == dict.fromkeys(kinds, damage)


def test_metadata_of_a_hundred_megabytes(tmp_path: Path) -> None:
    large = b"Name: x\nVersion: 1.0\n" + b"a" * (100 << 20)
    layer = [
        *python(),
        member(f"{SITE}/x-1.0.dist-info/METADATA", large),
        member(f"{SITE}/y-1.0.egg-info/PKG-INFO", large),
    ]
    found = document(make_layout(tmp_path / "image", layer))
    assert [p["name"] for p in found["packages"]] == ["good", "x"]
    assert [s["reason"] for s in found["skipped"]] == ["bad-metadata"]
    assert [p["kind"] for p in found["problems"]] == ["bad-metadata"]


def test_absurd_names(tmp_path: Path) -> None:
    names = [
        "new\nline-1.0", "tab\t-1.0", "back\\slash-1.0", "\udcff\udcfe-1.0", "a" * 241 + "-1.0",
        "-1.0", "", "..-1.0", "x-1.0\n==2", "x; os-1.0", "#-1.0", "-r other-1.0", "{x}-1.0",
    ]  # fmt: skip
    layer = [
        member(f"{SITE}/{name}.dist-info/{file}", b"Name: x\nVersion: 1\n\n")
        for name in names
        for file in ("METADATA", "RECORD")
    ]
    source = make_layout(tmp_path / "image", python(), layer)
    for line in freeze(source, "--constraints").splitlines():
        assert line.startswith("# ") or line in {"good==1.0", "a" * 241 + "==1.0"}
    for line in freeze(source).splitlines():
        assert line.startswith("# ") or line in {"good==1.0", "a" * 241 + "==1.0"}


def test_no_line_of_the_output_comes_from_a_file(tmp_path: Path) -> None:
    """A version, URL or path with a line end must not become a line of its own."""
    evil = "1.0\n--index-url=https://evil.example"
    direct = {
        "url": f"https://example.org/a\n-r {evil}",
        "vcs_info": {"vcs": "git\nx==1", "commit_id": "abc\ny==2"},
    }
    layer = [
        *python(),
        *distribution("vcs", "1.0"),
        member(f"{SITE}/vcs-1.0.dist-info/direct_url.json", json.dumps(direct).encode()),
        member(f"{SITE}/egg-1.0.egg-info/PKG-INFO", f"Name: egg\nVersion: {evil}\n\n".encode()),
    ]
    source = make_layout(tmp_path / "image", layer)
    for options in ([], ["--constraints"]):
        text = freeze(source, *options)
        starts = {line.split("=")[0].split(" ")[0] for line in text.splitlines()}
        assert starts <= {"#", "good", "vcs", "egg"}
