"""Images hold to the JSON schemas of the OCI image specification."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import jsonschema  # type: ignore[import-untyped]
import pytest

import envpack
from support.layouts import interpreter, make_layout
from support.oci_schema import validate, validate_layout
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_index_manifest_and_config(
    tmp_path: Path, compression: Literal["gzip", "zstd", "none"]
) -> None:
    base = make_layout(tmp_path / "base", interpreter())
    make_wheel(tmp_path / "wheels", "lib", "1.0")
    lock = tmp_path / "pylock.toml"
    lock.write_text(
        envpack.resolve("lib", base=base, find_links=[tmp_path / "wheels"], no_index=True).to_toml()
    )
    image = tmp_path / "image"
    for tag in ("one", "two"):
        envpack.build(
            lock, f"oci:{image}:{tag}", compression=compression, env={"A": tag}, ports=["80/tcp"],
            labels={"team": "x"}, annotations={"note": tag}, volumes=["/data"], user="1000:1000",
            workdir="/data", entrypoint=["python3"], cmd=["-V"],
        )  # fmt: skip
    assert validate_layout(lambda name: (image / name).read_bytes()) == 2


def test_the_schemas_are_looked_at() -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate({"schemaVersion": 2, "manifests": [{"digest": "sha256:no"}]}, "image-index")
