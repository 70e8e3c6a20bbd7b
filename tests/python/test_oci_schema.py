"""Images hold to the JSON schemas of the OCI image specification."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import jsonschema  # type: ignore[import-untyped]
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

import envpack
from support.conformance import conformance
from support.layouts import interpreter, make_layout
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


def _validate(document: object, name: str) -> None:
    folder = conformance("oci-schema")

    def retrieve(uri: str) -> Resource[Any]:
        text = (folder / uri.rpartition("/")[2]).read_text()
        return Resource.from_contents(json.loads(text), default_specification=DRAFT4)

    schema = json.loads((folder / f"{name}-schema.json").read_text())
    registry: Registry[Any] = Registry(retrieve=retrieve)  # type: ignore[call-arg]
    jsonschema.Draft4Validator(schema, registry=registry).validate(document)


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
    index = json.loads((image / "index.json").read_text())
    _validate(json.loads((image / "oci-layout").read_text()), "image-layout")
    _validate(index, "image-index")
    assert len(index["manifests"]) == 2
    for entry in index["manifests"]:
        manifest = _blob(image, entry)
        _validate(manifest, "image-manifest")
        _validate(_blob(image, manifest["config"]), "config")


def test_the_schemas_are_looked_at() -> None:
    with pytest.raises(jsonschema.ValidationError):
        _validate({"schemaVersion": 2, "manifests": [{"digest": "sha256:no"}]}, "image-index")


def _blob(image: Path, descriptor: dict[str, str]) -> Any:  # noqa: ANN401 (JSON)
    return json.loads((image / "blobs" / descriptor["digest"].replace(":", "/")).read_text())
