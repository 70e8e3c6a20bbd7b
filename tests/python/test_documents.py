"""Bills of materials and provenance through Python."""

from __future__ import annotations

from pathlib import Path

import pytest

import envpack
from support.documents import read_cyclonedx, read_provenance, read_spdx
from support.layouts import interpreter, make_layout
from support.locks import write_lock
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


def test_build_writes_what_it_is_asked_for(tmp_path: Path) -> None:
    base = make_layout(tmp_path / "base", interpreter())
    lock = write_lock(tmp_path / "pylock.toml", [make_wheel(tmp_path / "wheels", "app", "1.0")])
    paths = [tmp_path / "a.cdx.json", tmp_path / "a.spdx.json"]
    report = envpack.build(
        lock,
        f"docker-archive:{tmp_path / 'image.tar'}:app:1",
        base=base,
        sbom=paths,
        provenance=tmp_path / "a.intoto.json",
    )
    component = read_cyclonedx(paths[0])["metadata"]["component"]
    assert (component["name"], component["version"]) == ("docker.io/library/app:1", report.digest)
    assert {p["name"] for p in read_spdx(paths[1])["packages"][2:]} == {"app", "good"}
    subject = read_provenance(tmp_path / "a.intoto.json")["subject"][0]
    assert subject["name"] == "docker.io/library/app:1"


def test_a_name_without_a_format_is_a_value_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="tells no format") as caught:
        envpack.build(None, f"oci:{tmp_path}", add=[(tmp_path, "/a")], sbom=["bom.xml"])
    assert isinstance(caught.value, envpack.InvalidArgument)
