"""inspect, diff and verify: images that others made, and images that somebody damaged."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import envpack
from support.command import envpack as command
from support.engines import skopeo_inspect
from support.images import Layer, write_layout
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


@pytest.fixture(scope="module")
def lock(base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lock")
    make_wheel(folder, "tool", "1.0", files={"tool.py": b"NUMBER = 42\n" + b"#" * 9000})
    path = folder / "pylock.toml"
    path.write_text(
        envpack.resolve("tool", base=base, find_links=[folder], no_index=True).to_toml()
    )
    return path


@pytest.fixture(scope="module")
def image(lock: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    text = f"oci:{tmp_path_factory.mktemp('image') / 'image'}:latest"
    envpack.build(lock, text, labels={"team": "x"})
    return text


def rows(report: dict[str, Any], key: str) -> list[dict[str, Any]]:
    result = report[key]
    assert isinstance(result, list)
    return result


def test_inspect_agrees_with_skopeo(image: str, base: str) -> None:
    report = envpack.inspect(image).to_dict()
    seen = json.loads(skopeo_inspect(image))
    raw = json.loads(skopeo_inspect(image, "--raw"))
    config = json.loads(skopeo_inspect(image, "--config"))
    assert report["digest"] == seen["Digest"]
    assert report["config_digest"] == raw["config"]["digest"]
    assert report["annotations"] == raw["annotations"]
    assert report["config"] == config["config"]
    layers = rows(report, "layers")
    assert [(x["digest"], x["size"], x["media_type"]) for x in layers] == [
        (x["digest"], x["size"], x["mediaType"]) for x in raw["layers"]
    ]
    assert [x["diff_id"] for x in layers] == config["rootfs"]["diff_ids"]
    assert [x["created_by"] for x in layers][-1].startswith("envpack build: ")
    # What each layer brings is what freeze finds on each side.
    below = {p.name for p in envpack.freeze(base).packages}
    brought = [{p["name"] for p in layer["packages"]} for layer in layers]
    assert set().union(*brought[:-1]) == below
    assert brought[-1] == {"tool"}
    assert report["changes"] == []


def test_the_command_prints_the_same(image: str) -> None:
    printed = json.loads(command("inspect", image, "--format", "json").stdout)
    assert printed == envpack.inspect(image).to_dict()
    text = command("inspect", image).stdout
    assert text == str(envpack.inspect(image))
    assert "brings   tool 1.0" in text


def test_inspect_tells_what_layers_do_to_those_below(tmp_path: Path) -> None:
    content = b"x" * 5000
    lower = (
        Layer().folder("usr").folder("usr/lib").file("usr/lib/big", content)
        .link("lib", "usr/lib").folder("tmp").folder("opt")
    )  # fmt: skip
    lower.members[4][0].mode = 0o1777
    upper = (
        Layer().folder("lib").file("opt/copy", content).folder("opt").folder("tmp")
        .file("opt/small", b"x")
    )  # fmt: skip
    folder = write_layout(tmp_path / "image", [lower, upper])
    report = envpack.inspect(f"oci:{folder}").to_dict()
    assert [(c["kind"], c["path"], c["layer"]) for c in rows(report, "changes")] == [
        ("link-replaced", "lib", 1),
        ("attributes-changed", "tmp", 1),
    ]
    link, tmp = rows(report, "changes")
    assert link["before"]["link_target"] == "usr/lib"
    assert (tmp["before"]["mode"], tmp["after"]["mode"]) == ("1777", "0755")
    assert rows(report, "duplicates") == [
        {"path": "opt/copy", "layer": 1, "size": 5000, "same_as": "usr/lib/big", "same_layer": 0}
    ]
    assert report["python"] is None
    text = command("inspect", f"oci:{folder}").stdout
    assert "puts a folder in the place of the link /lib -> usr/lib" in text
    assert "changes folder /tmp from 1777 0:0 to 0755 0:0" in text


def test_a_hard_link_is_no_duplicate_of_its_file(tmp_path: Path) -> None:
    content, other = b"x" * 5000, b"y" * 5000
    lower = Layer().file("a", content).file("b", other).hard_link("c", "b")
    linked = Layer().hard_link("d", "a").file("e", other).hard_link("f", "e")
    copied = Layer().file("g", content).hard_link("h", "e")
    cleaned = Layer().whiteout("a").whiteout("e")
    folder = write_layout(tmp_path / "image", [lower, linked, copied, cleaned])
    report = envpack.inspect(f"oci:{folder}").to_dict()
    # Not `d`, whose bytes lie in the lowest layer, and one of `f` and `h`, which are one file.
    assert rows(report, "duplicates") == [
        {"path": "f", "layer": 1, "size": 5000, "same_as": "b", "same_layer": 0},
        {"path": "g", "layer": 2, "size": 5000, "same_as": "d", "same_layer": 0},
    ]


ESCAPE = "\x1b]0;owned\x07"


def test_reports_never_write_to_the_terminal(tmp_path: Path) -> None:
    layer = Layer().file(f"{SITE}/x-1.dist-info/RECORD", f"{ESCAPE}.py,,3\n".encode())
    folder = write_layout(
        tmp_path / "image", [layer], architecture=ESCAPE, comments=(ESCAPE,), created_by=ESCAPE
    )
    plain = write_layout(tmp_path / "plain", [Layer().file("a")])
    texts = [
        command("inspect", f"oci:{folder}").stdout,
        command("verify", f"oci:{folder}", status=1).stdout,
        command("diff", f"oci:{folder}", f"oci:{plain}", status=1).stdout,
    ]
    for text in texts:
        assert not {c for c in text if not c.isprintable()} - {"\n"}
    assert "linux/\\x1b]0;owned\\x07" in texts[0]


def test_diff_of_an_image_with_itself_and_with_its_copies(image: str, tmp_path: Path) -> None:
    assert envpack.diff(image, image).equal
    archive = f"docker-archive:{tmp_path / 'image.tar'}:app:1"
    zstd = f"oci:{tmp_path / 'zstd'}:latest"
    subprocess.run(
        ["skopeo", "copy", "--quiet", "--dest-compress", "--dest-compress-format", "zstd",
         image, zstd],
        check=True,
    )  # fmt: skip
    types = {layer["media_type"] for layer in rows(envpack.inspect(zstd).to_dict(), "layers")}
    assert types == {"application/vnd.oci.image.layer.v1.tar+zstd"}
    repacked = envpack.diff(image, zstd)
    assert repacked.same_content
    assert not repacked.equal
    subprocess.run(["skopeo", "copy", "--quiet", image, archive], check=True)
    report = envpack.diff(image, archive)
    assert report.same_content
    assert report.equal  # it has no manifest of its own to differ in
    assert command("diff", image, archive).stdout.endswith("the images are equal\n")


def test_diff_tells_packages_files_and_config(base: str, image: str) -> None:
    result = command("diff", base, image, "--format", "json", status=1)
    report = json.loads(result.stdout)
    assert report == envpack.diff(base, image).to_dict()
    assert not report["equal"]
    assert not report["same_content"]
    assert report["packages"] == [{"name": "tool", "a": None, "b": "1.0"}]
    assert report["common_layers"] == len(report["a"]["layers"])
    added = {f["path"] for f in report["files"]}
    assert "opt/venv/lib/python3.11/site-packages/tool.py" in added
    assert all(f["in_b"] and not f["in_a"] for f in report["files"])
    settings = {c["key"]: (c["a"], c["b"]) for c in report["config"]}
    assert settings["config.Env.VIRTUAL_ENV"] == (None, "/opt/venv")
    assert settings["config.Labels.team"] == (None, "x")


def test_diff_tells_how_a_file_changed(tmp_path: Path) -> None:
    one = Layer().file("same", b"1").file("content", b"1").file("mode", b"1").file("gone", b"1")
    one.link("link", "a").file("kind", b"1").file("owner", b"1").file("time", b"1")
    other = Layer().file("same", b"1").file("content", b"2").file("mode", b"1", 0o755)
    other.link("link", "b").folder("kind").file("owner", b"1").file("time", b"1").file("new", b"1")
    other.members[5][0].uid = 7
    other.members[6][0].mtime += 1
    a = write_layout(tmp_path / "a", [one])
    b = write_layout(tmp_path / "b", [other])
    report = envpack.diff(f"oci:{a}", f"oci:{b}").to_dict()
    assert [(f["path"], f["in_a"], f["in_b"], f["what"]) for f in rows(report, "files")] == [
        ("content", True, True, ["content"]),
        ("gone", True, False, []),
        ("kind", True, True, ["type"]),
        ("link", True, True, ["target"]),
        ("mode", True, True, ["mode"]),
        ("new", False, True, []),
        ("owner", True, True, ["owner"]),
        ("time", True, True, ["time"]),
    ]


def test_diff_of_the_same_files_packed_differently(tmp_path: Path) -> None:
    members = Layer().file("a", b"1").file("b", b"2" * 10_000)
    a = write_layout(tmp_path / "a", [members], "gzip")
    b = write_layout(tmp_path / "b", [members], "plain")
    report = envpack.diff(f"oci:{a}", f"oci:{b}")
    assert report.same_content
    assert not report.equal
    command("diff", f"oci:{a}", f"oci:{b}", status=1)


def copy_of(image: str, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """Copy a layout; give its folder and manifest."""
    source = Path(image.removeprefix("oci:").removesuffix(":latest"))
    folder = tmp_path / "copy"
    subprocess.run(["cp", "-r", source, folder], check=True)
    return folder, json.loads(skopeo_inspect(image, "--raw"))


def test_verify_of_what_was_built(image: str, lock: Path) -> None:
    report = envpack.verify(image)
    assert report.ok
    # Debian strips libraries and leaves RECORD as it was: told, but nobody's fault here.
    assert {p.rule for p in report.base_problems} <= {"record.size", "record.hash-mismatch"}
    assert report.to_dict()["distributions"] >= 1
    again = command("verify", image, lock)
    assert "built again the layers are the same" in again.stdout  # --label is not in the lock


def test_verify_with_a_lock_after_a_plain_build(lock: Path, tmp_path: Path) -> None:
    text = f"oci:{tmp_path / 'image'}"
    command(
        "build", lock, "-o", text, "--prefix", "/srv/env", env={"SOURCE_DATE_EPOCH": "1700000000"}
    )
    assert envpack.verify(text, lock).to_dict()["same_digest"] is True
    archive = f"docker-archive:{tmp_path / 'image.tar'}:app:1"
    subprocess.run(["skopeo", "copy", "--quiet", text, archive], check=True)
    in_docker = envpack.verify(archive, lock)
    assert in_docker.ok
    assert in_docker.to_dict()["same_digest"] is None  # no manifest that could have the digest
    assert "built again the layers are the same" in str(in_docker)


def test_verify_finds_that_a_lock_is_of_another_image(
    image: str, base: str, lock: Path, tmp_path: Path
) -> None:
    make_wheel(tmp_path, "tool", "1.1", files={"tool.py": b"NUMBER = 43\n"})
    other = tmp_path / "pylock.other.toml"
    other.write_text(
        envpack.resolve("tool", base=base, find_links=[tmp_path], no_index=True).to_toml()
    )
    report = envpack.verify(image, other)
    assert [p.rule for p in report.problems] == ["verify.layer"]
    on_base = envpack.verify(base, lock)
    assert "verify.layer-count" in {p.rule for p in on_base.problems}


@pytest.mark.parametrize("damage", ["flip", "append", "truncate", "missing"])
@pytest.mark.parametrize("part", ["manifest", "config", "layer"])
def test_verify_finds_every_damage(image: str, tmp_path: Path, part: str, damage: str) -> None:
    folder, manifest = copy_of(image, tmp_path)
    digest = {
        "manifest": json.loads(skopeo_inspect(image))["Digest"],
        "config": manifest["config"]["digest"],
        "layer": manifest["layers"][-1]["digest"],
    }[part]
    blob = folder / "blobs/sha256" / digest.removeprefix("sha256:")
    data = bytearray(blob.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    elif damage == "append":
        data += b"\0"
    else:
        del data[-1]
    if damage == "missing":
        blob.unlink()
    else:
        blob.write_bytes(data)
    status = 3 if damage == "missing" and part != "layer" else 1
    result = command("verify", f"oci:{folder}", status=status)
    if status == 1:
        assert "layer " in result.stdout or part != "layer"
        assert damage == "missing" or "digest" in result.stdout


def test_verify_names_every_bad_layer_and_a_wrong_diff_id(tmp_path: Path) -> None:
    folder = write_layout(tmp_path / "image", [Layer().file("a", b"1"), Layer().file("b", b"2")])
    blobs = folder / "blobs/sha256"
    index = json.loads((folder / "index.json").read_text())
    manifest_path = blobs / index["manifests"][0]["digest"].removeprefix("sha256:")
    manifest = json.loads(manifest_path.read_text())
    config = json.loads((blobs / manifest["config"]["digest"].removeprefix("sha256:")).read_text())
    config["rootfs"]["diff_ids"].reverse()  # each is the tar of the other layer

    def put(document: object) -> dict[str, object]:
        data = json.dumps(document).encode()
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    manifest["config"].update(put(config))
    index["manifests"][0].update(put(manifest))
    (folder / "index.json").write_text(json.dumps(index))
    problems = envpack.verify(f"oci:{folder}").problems
    assert [p.rule for p in problems] == ["oci.diff-id", "oci.diff-id"]
    assert [p.text.split(":")[0] for p in problems] == ["layer 1", "layer 2"]


SITE = "usr/lib/python3/dist-packages"


@pytest.mark.parametrize(
    ("record", "rules"),
    [
        ("m.py,sha256={good},3\ngone.pyc,,\nx-1.dist-info/RECORD,,\n", []),
        ("m.py,sha256={bad},3\n", ["record.hash-mismatch"]),
        ("m.py,sha256={good},4\n", ["record.size"]),
        ("gone.py,,\n", ["record.no-file"]),
        ("../../../bin/tool,sha256={good},3\n", []),
        ("../../../../../../etc/passwd,,\n", ["record.no-file"]),
        ("x-1.dist-info,,1\n", ["record.no-regular"]),
        ("m.py,md5=abc,3\n", ["record.weak-hash"]),
        ('"m.py,sha256={good},3\n', ["record.csv"]),
    ],
)
def test_verify_reads_every_record(tmp_path: Path, record: str, rules: list[str]) -> None:
    text = record.format(
        good="ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
        bad="A" * 43,
    )
    layer = Layer().file(f"{SITE}/m.py", b"abc").file("usr/bin/tool", b"abc")
    layer.file(f"{SITE}/x-1.dist-info/RECORD", text.encode())
    folder = write_layout(tmp_path / "image", [layer])
    report = envpack.verify(f"oci:{folder}")
    assert [p.rule for p in report.problems] == rules
    assert report.ok == (not rules)


GOOD = "sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"  # of abc
OURS = "envpack layer format 2"


@pytest.mark.parametrize(
    ("above", "problems", "base_problems"),
    [
        (Layer().file("opt/new"), [], ["record.size"]),
        (Layer().file(f"{SITE}/m.py", b"abX"), ["record.hash-mismatch"], ["record.size"]),
        (Layer().file(f"{SITE}/m.py", b"abc").file("usr/bin/n"), [], ["record.size"]),
        (Layer().file(f"{SITE}/cut.py", b"ab"), ["record.size"], []),
        (Layer().file(f"{SITE}/cut.py", b"abc"), [], []),
        (Layer().whiteout(f"{SITE}/m.py"), ["record.no-file"], ["record.size"]),
        (Layer().whiteout(f"{SITE}/cut.py"), ["record.no-file"], []),
        (Layer().hard_link(f"{SITE}/m.py", f"{SITE}/cut.py"), ["record.size"], ["record.size"]),
        (Layer().link(f"{SITE}/m.py", "cut.py"), ["record.size"], ["record.size"]),
        (Layer().link(f"{SITE}/p", "q"), ["record.size"], ["record.size"]),
        (
            Layer().file(f"{SITE}/x-1.dist-info/RECORD", f"cut.py,{GOOD},3\n".encode()),
            ["record.size"],
            [],
        ),
    ],
)
def test_what_a_layer_does_to_the_files_of_the_base_counts(
    tmp_path: Path, above: Layer, problems: list[str], base_problems: list[str]
) -> None:
    record = f"m.py,{GOOD},3\ncut.py,{GOOD},3\np/m.py,{GOOD},3\n"
    base = Layer().file(f"{SITE}/m.py", b"abc").file(f"{SITE}/cut.py", b"a")
    base.file(f"{SITE}/p/m.py", b"abc").file(f"{SITE}/q/m.py", b"abcd")
    base.file(f"{SITE}/x-1.dist-info/RECORD", record.encode())
    folder = write_layout(tmp_path / "image", [base, above], comments=("", OURS))
    report = envpack.verify(f"oci:{folder}")
    assert [p.rule for p in report.problems] == problems
    assert [p.rule for p in report.base_problems] == base_problems
    assert report.ok == (not problems)
    command("verify", f"oci:{folder}", status=1 if problems else 0)


@pytest.mark.parametrize("verb", [("inspect",), ("verify",), ("diff", "oci:/none")])
@pytest.mark.parametrize("source", ["dir:/tmp", "oci:/none", "freeze:/dev/null"])
def test_what_is_no_image_is_an_error(verb: tuple[str, ...], source: str) -> None:
    result = command(*verb, source, status=3)
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
