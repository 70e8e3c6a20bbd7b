"""Bills of materials and provenance, judged by programs that are not ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from packageurl import PackageURL
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

Document = dict[str, Any]


def check_purl(text: str) -> PackageURL:
    """Parse a package URL, which must be written as the specification wants it."""
    purl = PackageURL.from_string(text)
    assert purl.to_string() == text
    assert purl.type == "pypi"
    return purl


def read_cyclonedx(path: Path) -> Document:
    """Read a valid CycloneDX 1.6 document."""
    text = path.read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document: Document = json.loads(text)
    refs = [component["bom-ref"] for component in document["components"]]
    assert len(set(refs)) == len(refs)
    for component in document["components"]:
        check_purl(component["purl"])
    return document


def properties(component: Document) -> dict[str, list[str]]:
    """Give all values of each property of envpack."""
    values: dict[str, list[str]] = {}
    for item in component.get("properties", []):
        values.setdefault(item["name"].removeprefix("envpack:"), []).append(item["value"])
    return values


def read_spdx(path: Path) -> Document:
    """Read a valid SPDX 2.3 document."""
    parsed: Any = parse_file(str(path))
    assert validate_full_spdx_document(parsed) == []
    document: Document = json.loads(path.read_text())
    for package in document["packages"]:
        for reference in package.get("externalRefs", []):
            check_purl(reference["referenceLocator"])
    return document


def read_provenance(path: Path) -> Document:
    """Read an in-toto statement of SLSA's provenance v1 that has no member but the known ones."""
    message = json_format.Parse(path.read_text(), StatementMessage())
    Statement.copy_from_pb(message).validate()
    assert message.predicate_type == "https://slsa.dev/provenance/v1"
    document: Document = json.loads(path.read_text())
    predicate = json_format.ParseDict(document["predicate"], provenance_pb2.Provenance())
    assert predicate.build_definition.build_type
    assert predicate.run_details.builder.id
    for dependency in document["predicate"]["buildDefinition"]["resolvedDependencies"]:
        if dependency.get("uri", "").startswith("pkg:"):
            check_purl(dependency["uri"])
    return document
