"""A reader of eStargz written from its specification alone (stargz-snapshotter, docs/estargz.md).

It takes a blob as the snapshotter does: from the footer to the table of contents, and from there to
the bytes of each file, and it holds the table against the tar that everybody else reads.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import posixpath
import re
import tarfile
import zlib
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

FOOTER_SIZE = 51
TOC_NAME = "stargz.index.json"
LANDMARK = ".no.prefetch.landmark"
TOC_DIGEST = "containerd.io/snapshot/stargz/toc.digest"
UNCOMPRESSED_SIZE = "io.containers.estargz.uncompressed-size"


@dataclass
class Checked:
    """What is in a blob that holds to all rules."""

    files: int  #: that have content
    chunks: int
    members: int  #: gzip members
    toc_size: int  #: of the JSON, bytes


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _toc_offset(blob: bytes) -> int:
    footer = blob[-FOOTER_SIZE:]
    # RFC 1952: magic, deflate, FEXTRA; 26 bytes of extra field with one subfield SG of 22.
    assert footer[:4] == b"\x1f\x8b\x08\x04"
    assert footer[10:16] == b"\x1a\x00SG\x16\x00"
    assert gzip.decompress(footer) == b""
    field = re.fullmatch(rb"([0-9a-f]{16})STARGZ", footer[16:38])
    assert field is not None
    return int(field[1], 16)


def _members(blob: bytes) -> dict[int, int]:
    """Give where each gzip member begins, and where it ends."""
    members, at = {}, 0
    while at < len(blob):
        stream = zlib.decompressobj(wbits=31)
        stream.decompress(blob[at:])
        assert stream.eof
        end = len(blob) - len(stream.unused_data)
        members[at] = end
        at = end
    return members


def check(blob: bytes, annotations: dict[str, str]) -> Checked:
    """Hold a layer and the annotations of its descriptor to the rules; fail with an assertion."""
    toc_offset = _toc_offset(blob)
    members = _members(blob)
    assert toc_offset in members
    assert len(blob) - FOOTER_SIZE in members

    plain = gzip.GzipFile(fileobj=io.BytesIO(blob)).read()
    assert annotations[UNCOMPRESSED_SIZE] == str(len(plain))
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        in_tar = {info.name: info for info in tar.getmembers()}
    toc_text = _toc_text(blob, toc_offset)
    assert annotations[TOC_DIGEST] == _sha256(toc_text)  # VerifyTOC
    toc = json.loads(toc_text)
    assert toc["version"] == 1
    assert next(iter(in_tar)) == LANDMARK
    assert list(in_tar)[-1] == TOC_NAME

    chunks: dict[str, list[dict[str, Any]]] = {}
    described: dict[str, dict[str, Any]] = {}
    for entry in toc["entries"]:
        name = posixpath.normpath(entry["name"])
        if entry["type"] == "chunk":
            assert name == next(reversed(described)), "a chunk follows its file"
        else:
            assert name not in described
            described[name] = entry
        if entry["type"] == "chunk" or entry.get("size", 0) > 0:
            chunks.setdefault(name, []).append(entry)
    assert list(described) == list(in_tar)[:-1]
    for name, entry in described.items():
        _check_entry(entry, in_tar[name])

    offsets = [chunk["offset"] for parts in chunks.values() for chunk in parts]
    assert len(set(offsets)) == len(offsets), "an offset found twice"  # Verifiers
    assert set(offsets) <= members.keys()
    ends = dict(zip(sorted(offsets), [*sorted(offsets)[1:], toc_offset]))
    for name, parts in chunks.items():
        size = described[name]["size"]
        data = b""
        for part in parts:
            assert part.get("chunkOffset", 0) == len(data)
            length = part.get("chunkSize") or size - len(data)
            # Nothing but the bytes up to the next offset is fetched, and one gzip member read.
            stream = zlib.decompressobj(wbits=31)
            piece = stream.decompress(blob[part["offset"] : ends[part["offset"]]], length)
            assert len(piece) == length
            assert part["chunkDigest"] == _sha256(piece)
            data += piece
        assert len(data) == size
        assert described[name]["digest"] == _sha256(data)
        at = in_tar[name].offset_data
        assert plain[at : at + size] == data, f"{name} is another file in the tar"
    return Checked(len(chunks), len(offsets), len(members), len(toc_text))


def _toc_text(blob: bytes, offset: int) -> bytes:
    # The reference library reads one gzip member.
    text = zlib.decompressobj(wbits=31).decompress(blob[offset:-FOOTER_SIZE])
    with tarfile.open(fileobj=io.BytesIO(text)) as tar:
        member = tar.next()
        assert member is not None
        assert member.name == TOC_NAME
        file = tar.extractfile(member)
        assert file is not None
        toc = file.read()
        assert tar.next() is None
    return toc


def _check_entry(entry: dict[str, Any], info: tarfile.TarInfo) -> None:
    kind = {tarfile.REGTYPE: "reg", tarfile.DIRTYPE: "dir", tarfile.SYMTYPE: "symlink"}[info.type]
    assert entry["type"] == kind
    assert entry.get("size", 0) == info.size
    assert entry.get("linkName", "") == info.linkname
    assert (entry["mode"], entry["uid"], entry["gid"]) == (info.mode, info.uid, info.gid)
    time = datetime.strptime(entry["modtime"], "%Y-%m-%dT%H:%M:%SZ")
    assert time.replace(tzinfo=timezone.utc).timestamp() == info.mtime
    assert ("digest" in entry) == (kind == "reg")
