"""The JSON schemas of the OCI image specification, applied to what we write."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from support.conformance import conformance


def validate(document: object, name: str) -> None:
    """Hold ``document`` to a schema: "image-index", "image-manifest", "config", "image-layout"."""
    folder = conformance("oci-schema")

    def retrieve(uri: str) -> Resource[Any]:
        text = (folder / uri.rpartition("/")[2]).read_text()
        return Resource.from_contents(json.loads(text), default_specification=DRAFT4)

    schema = json.loads((folder / f"{name}-schema.json").read_text())
    registry: Registry[Any] = Registry(retrieve=retrieve)  # type: ignore[call-arg]
    jsonschema.Draft4Validator(schema, registry=registry).validate(document)


def validate_layout(read: Callable[[str], bytes]) -> int:
    """Validate every document of a layout, whose files ``read`` gives; return its images."""

    def blob(descriptor: dict[str, str]) -> Any:  # noqa: ANN401 (JSON)
        return json.loads(read("blobs/" + descriptor["digest"].replace(":", "/")))

    validate(json.loads(read("oci-layout")), "image-layout")
    index = json.loads(read("index.json"))
    validate(index, "image-index")
    for entry in index["manifests"]:
        manifest = blob(entry)
        validate(manifest, "image-manifest")
        validate(blob(manifest["config"]), "config")
    return len(index["manifests"])
