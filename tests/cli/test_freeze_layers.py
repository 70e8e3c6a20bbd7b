"""What only layers have: files that later layers change, and contents that are kept or not."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from support.command import envpack
from support.layouts import SITE, distribution, make_layout, member, python

COMMIT = "c" * 40


def packages(source: str) -> dict[str, dict[str, object]]:
    document = json.loads(envpack("freeze", source, "--format", "json").stdout)
    return {row["name"]: row for row in document["packages"]}


def test_a_checkout_is_read_across_layers(tmp_path: Path) -> None:
    direct = {"url": "file:///opt/edit/py", "dir_info": {"editable": True}}
    info = f"{SITE}/edit-1.0.dist-info/direct_url.json"
    config = b'[remote "origin"]\n\turl = git@example.org:o/edit.git\n'
    source = make_layout(
        tmp_path / "image",
        [
            *python(),
            member("opt/edit/.git/HEAD", b"ref: refs/heads/main\n"),
            member("opt/edit/.git/config", config),
            member("opt/edit/.git/packed-refs", f"{'d' * 40} refs/heads/main\n".encode()),
            member("opt/edit/py", kind=tarfile.DIRTYPE, mode=0o755),
        ],
        [*distribution("edit", "1.0"), member(info, json.dumps(direct).encode())],
        # A pull in a later layer: a loose reference hides the packed one.
        [member("opt/edit/.git/refs/heads/main", f"{COMMIT}\n".encode())],
    )
    edit = packages(source)["edit"]
    assert edit["form"] == "editable-vcs"
    assert edit["layer"] == 1
    url = "ssh://git@example.org/o/edit.git"
    assert f"edit @ git+{url}@{COMMIT}#subdirectory=py" in envpack("freeze", source).stdout


def test_of_two_in_one_layer_the_one_that_fits_the_files_is_taken(tmp_path: Path) -> None:
    layer = [*python(), *distribution("dup", "2.0"), *distribution("dup", "1.0")]
    layer += [
        member(f"{SITE}/dup.py", b"abc"),
        member(f"{SITE}/dup-2.0.dist-info/RECORD", b"dup.py,,4\n"),
        member(f"{SITE}/dup-1.0.dist-info/RECORD", b"dup.py,,3\n"),
    ]
    dup = packages(make_layout(tmp_path / "image", layer))["dup"]
    assert (dup["version"], dup["flags"]) == ("1.0", ["ambiguous"])


def test_of_two_in_two_layers_the_later_is_taken(tmp_path: Path) -> None:
    source = make_layout(
        tmp_path / "image", [*python(), *distribution("dup", "2.0")], distribution("dup", "1.0")
    )
    assert packages(source)["dup"]["version"] == "1.0"
    document = json.loads(envpack("freeze", source, "--format", "json").stdout)
    assert document["problems"] == [
        {"kind": "duplicate-dist-info", "text": "dup 1.0 (layer 2), dup 2.0 (layer 1)"}
    ]


def test_a_deleted_distribution_is_not_listed(tmp_path: Path) -> None:
    source = make_layout(
        tmp_path / "image",
        [*python(), *distribution("gone", "1.0"), *distribution("opaque", "1.0")],
        [
            member(f"{SITE}/.wh.gone-1.0.dist-info"),
            member(f"{SITE}/opaque-1.0.dist-info/.wh..wh..opq"),
        ],
    )
    assert set(packages(source)) == {"good"}
