"""``envpack build --sbom`` and ``--provenance``: what is told of an image, and what never is."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import envpack
from support.documents import (
    Document,
    check_purl,
    properties,
    read_cyclonedx,
    read_provenance,
    read_spdx,
)
from support.layouts import SITE, distribution, installed, interpreter, make_layout, member
from support.locks import write_lock
from support.simple_index import simple_index
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")

LARGE = 17 << 20  # a layer of its own from 16 MiB
NAMES = ("image.cdx.json", "image.spdx.json", "image.intoto.json")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Project:
    """A base with start-up hooks and an old package, and wheels of every kind on top."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        base_wheels = [*installed("older", "0.9"), *distribution("legacy", "1.0-1ubuntu2")]
        hooks = [
            member(f"{SITE}/zz_code.pth", b"import os\n"),
            member(f"{SITE}/zz_path.pth", b"/nowhere\n"),
            member(f"{SITE}/sitecustomize.py", b""),
        ]
        self.base = make_layout(folder / "base", interpreter(), [*base_wheels, *hooks])
        wheels = folder / "wheels"
        document = "plain-1.2.dist-info/sboms/inner/one.cdx.json"
        self.wheels = [
            make_wheel(
                wheels, "plain", "1.2", requires=("native>=1", "good"),
                headers=("License-Expression: mit or LicenseRef-Own",),
                files={"plain.py": b"", document: b"{}"},
            ),
            make_wheel(wheels, "native", "2.0+cu124", headers=("License: text of any kind",)),
            make_wheel(wheels, "big", "1!1.0", files={"big.bin": bytes(LARGE)}),
            make_wheel(wheels, "older", "1.0", files={"older/__init__.py": b"NEW = 1\n"}),
        ]  # fmt: skip
        self.lock = write_lock(folder / "pylock.toml", self.wheels)
        text = self.lock.read_text()
        asked = 'requirements = ["./here", "big", "plain"]\n'
        replaced = 'replaced = {older = "0.9"}\nshadowed = ["older"]\n'
        self.lock.write_text(f"{text}\n[tool.envpack]\n{asked}{replaced}")

    def build(
        self, *options: str | Path, out: str = "out/image", documents: str = "documents"
    ) -> dict[str, bytes]:
        """Build with all documents; return their bytes."""
        folder = self.folder / documents
        folder.mkdir(exist_ok=True)
        done = envpack(
            "build", self.lock, "--base", self.base, "-o", f"oci:{self.folder / out}",
            "--sbom", folder / NAMES[0], "--sbom", folder / NAMES[1],
            "--provenance", folder / NAMES[2], "--format", "json", *options,
        )  # fmt: skip
        if documents == "documents":
            self.report: Document = json.loads(done.stdout)
            self.documents = {name: folder / name for name in NAMES}
        return {name: (folder / name).read_bytes() for name in NAMES}

    def arguments(self, folder: Path) -> list[str]:
        """Those of a build into another folder."""
        lock, out = str(self.lock), f"oci:{folder / 'image'}"
        return ["build", lock, "--base", self.base, "-o", out]

    def manifest(self, out: str = "out/image") -> Document:
        blob = self.folder / out / "blobs/sha256" / self.report["digest"].partition(":")[2]
        document: Document = json.loads(blob.read_bytes())
        return document


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Everything built once."""
    project = Project(tmp_path_factory.mktemp("documents"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENVPACK_CACHE_DIR", str(project.folder / "cache"))
        project.build()
    return project


def components(project: Project) -> dict[str, Document]:
    """Those of the CycloneDX document by package URL; of two the one that is found first."""
    document = read_cyclonedx(project.documents[NAMES[0]])
    found: dict[str, Document] = {}
    for component in document["components"]:
        found.setdefault(component["purl"], component)
    return found


def test_cyclonedx_lists_the_packages_of_base_and_lock(built: Project) -> None:
    listed = components(built)
    assert set(listed) == {
        "pkg:pypi/big@1%211.0",
        "pkg:pypi/good@1.0",
        "pkg:pypi/legacy@1.0-1ubuntu2",
        "pkg:pypi/native@2.0%2Bcu124",
        "pkg:pypi/older@0.9",
        "pkg:pypi/older@1.0",
        "pkg:pypi/plain@1.2",
    }
    hidden = properties(listed["pkg:pypi/older@0.9"])
    assert (hidden["shadowed"], hidden["layer"]) == (["true"], ["2"])
    for wheel in built.wheels:
        purl = next(c for c in listed.values() if properties(c).get("file-name") == [wheel.name])
        assert purl["hashes"] == [{"alg": "SHA-256", "content": sha256(wheel)}]
    assert "hashes" not in listed["pkg:pypi/good@1.0"]


def test_licences_are_told_as_declared_and_never_made_up(built: Project) -> None:
    listed = components(built)
    assert listed["pkg:pypi/plain@1.2"]["licenses"] == [
        {"expression": "mit or LicenseRef-Own", "acknowledgement": "declared"}
    ]
    assert "licenses" not in listed["pkg:pypi/native@2.0%2Bcu124"]
    spdx = read_spdx(built.documents[NAMES[1]])
    declared = {p["name"]: p["licenseDeclared"] for p in spdx["packages"][2:]}
    assert declared["plain"] == "mit OR LicenseRef-Own"
    assert declared["native"] == "NOASSERTION"
    assert [i["licenseId"] for i in spdx["hasExtractedLicensingInfos"]] == ["LicenseRef-Own"]


def test_every_package_is_in_its_layer(built: Project) -> None:
    listed = components(built)
    layers = [layer["digest"] for layer in built.manifest()["layers"]]
    assert len(layers) == 4  # two of the base, big, the others
    for name, number in {"good": 1, "legacy": 2, "big": 3, "native": 4, "plain": 4}.items():
        told = properties(next(c for c in listed.values() if c["name"] == name))
        assert (told["layer"], told["layer-digest"]) == ([str(number)], [layers[number - 1]])


def test_the_subject_is_the_image_on_its_base(built: Project) -> None:
    document = read_cyclonedx(built.documents[NAMES[0]])
    subject = document["metadata"]["component"]
    assert (subject["type"], subject["name"]) == ("container", "image")
    assert subject["version"] == built.report["digest"]
    assert subject["pedigree"]["ancestors"][0]["version"] == built.report["base_digest"]
    spdx = read_spdx(built.documents[NAMES[1]])
    assert spdx["packages"][0]["versionInfo"] == built.report["digest"]
    assert spdx["packages"][0]["primaryPackagePurpose"] == "CONTAINER"
    provenance = read_provenance(built.documents[NAMES[2]])
    digest = built.report["digest"].partition(":")[2]
    assert provenance["subject"] == [{"name": "image", "digest": {"sha256": digest}}]


def test_start_up_hooks_and_documents_of_packages_are_listed(built: Project) -> None:
    document = read_cyclonedx(built.documents[NAMES[0]])
    told = properties(document["metadata"]["component"])
    assert told["startup-hook:pth-code"] == [f"{SITE}/zz_code.pth"]
    assert told["startup-hook:pth"] == [f"{SITE}/zz_path.pth"]
    assert told["startup-hook:sitecustomize"] == [f"{SITE}/sitecustomize.py"]
    inner = properties(components(built)["pkg:pypi/plain@1.2"])["sbom"]
    assert [path.partition(".dist-info/")[2] for path in inner] == ["sboms/inner/one.cdx.json"]
    spdx = built.documents[NAMES[1]].read_text()
    assert f"start-up hook (pth-code): {SITE}/zz_code.pth" in spdx
    assert inner[0] in spdx


def test_dependencies_are_those_of_the_metadata(built: Project) -> None:
    document = read_cyclonedx(built.documents[NAMES[0]])
    needs = {d["ref"]: d["dependsOn"] for d in document["dependencies"]}
    assert needs["pkg:pypi/plain@1.2"] == ["pkg:pypi/good@1.0", "pkg:pypi/native@2.0%2Bcu124"]
    spdx = read_spdx(built.documents[NAMES[1]])
    depends = {
        (r["spdxElementId"], r["relatedSpdxElement"])
        for r in spdx["relationships"]
        if r["relationshipType"] == "DEPENDS_ON"
    }
    assert ("SPDXRef-Package-plain", "SPDXRef-Package-native") in depends


def essence(document: Document) -> list[object]:
    """What can be known of the packages without knowing how they came there."""
    keys = ("path", "layer", "form", "installer", "sbom", "shadowed")
    listed = [
        (c["purl"], {k: v for k, v in properties(c).items() if k in keys})
        for c in document["components"]
    ]
    return [listed, document["dependencies"], properties(document["metadata"]["component"])]


@pytest.mark.parametrize("layout", ["venv", "system", "app-root"])
def test_freezing_the_image_finds_the_same_packages(built: Project, layout: str) -> None:
    built.build("--layout", layout, out=f"{layout}/image", documents=layout)
    ours = read_cyclonedx(built.folder / layout / NAMES[0])
    image = f"oci:{built.folder / layout / 'image'}"
    frozen = json.loads(envpack("freeze", image, "--format", "cyclonedx").stdout)
    assert essence(frozen) == essence(ours)


@pytest.mark.parametrize("options", [[], ["--system-site-packages"]])
def test_a_copied_environment_says_itself_what_it_sees(
    built: Project, tmp_path: Path, options: list[str]
) -> None:
    venv, image, sbom = tmp_path / "venv", f"oci:{tmp_path / 'image'}", tmp_path / "a.cdx.json"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", *options, venv], check=True)
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--offline", "--no-deps", "--no-index",
         "--python", venv, built.wheels[0]],
        check=True, capture_output=True,
    )  # fmt: skip
    envpack("build", venv, "--base", built.base, "-o", image, "--sbom", sbom)
    frozen = json.loads(envpack("freeze", image, "--format", "cyclonedx").stdout)
    ours = read_cyclonedx(sbom)
    assert essence(frozen) == essence(ours)
    names = {component["name"] for component in ours["components"]}
    assert "plain" in names
    assert ("good" in names) == bool(options)


def test_files_beside_an_environment_of_the_base_leave_it_in_view(
    built: Project, tmp_path: Path
) -> None:
    (tmp_path / "app").write_text("app")
    sbom, image = tmp_path / "a.cdx.json", f"oci:{tmp_path / 'image'}"
    base = f"oci:{built.folder / 'out/image'}"
    add = f"{tmp_path / 'app'}:/opt/app"
    envpack("build", "--add", add, "--base", base, "-o", image, "--sbom", sbom, cwd=tmp_path)
    frozen = json.loads(envpack("freeze", image, "--format", "cyclonedx").stdout)
    assert essence(frozen) == essence(read_cyclonedx(sbom))
    assert "plain" in {component["name"] for component in frozen["components"]}


def test_provenance_names_what_went_in(built: Project) -> None:
    definition = read_provenance(built.documents[NAMES[2]])["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["requirements"] == ["big", "plain"]
    found = {
        d["name"]: next(iter(d["digest"].values())) for d in definition["resolvedDependencies"]
    }
    assert found == {
        "base": built.report["base_digest"].partition(":")[2],
        "pylock.toml": sha256(built.lock),
        **{wheel.name: sha256(wheel) for wheel in built.wheels},
    }


def test_the_same_build_gives_the_same_bytes(built: Project) -> None:
    first = {name: path.read_bytes() for name, path in built.documents.items()}
    # From nothing, from what the cache knows, and into the layout that has the layers.
    assert built.build(out="second/image", documents="second") == first
    assert built.build(out="second/image", documents="third") == first
    assert built.build("--no-cache", out="second/image", documents="fourth") == first


def test_the_time_is_source_date_epoch(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    texts = built.build(out="timed/image", documents="timed")
    assert json.loads(texts[NAMES[0]])["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    assert json.loads(texts[NAMES[1]])["creationInfo"]["created"] == "2023-11-14T22:13:20Z"
    definition = json.loads(texts[NAMES[2]])["predicate"]["buildDefinition"]
    assert definition["internalParameters"]["sourceDateEpoch"] == 1700000000


def test_nothing_of_this_machine_is_told(built: Project) -> None:
    for path in built.documents.values():
        text = path.read_text()
        assert str(built.folder) not in text
        assert os.uname().nodename not in text


def test_a_name_without_a_format_is_wrong_usage(built: Project, tmp_path: Path) -> None:
    arguments = built.arguments(tmp_path)
    done = envpack(*arguments, "--sbom", tmp_path / "image.json", status=2)
    assert "image.json` tells no format of a bill of materials" in done.stderr
    assert "*.cdx.json for CycloneDX, *.spdx.json for SPDX" in done.stderr
    twice = ["--sbom", str(tmp_path / "a.cdx.json"), "--provenance", f"{tmp_path}/./a.cdx.json"]
    assert "is to be written twice" in envpack(*arguments, *twice, status=2).stderr
    assert list(tmp_path.iterdir()) in ([], [tmp_path / "envpack-cache"])


def test_a_folder_that_is_not_there_is_found_out_before_the_image(
    built: Project, tmp_path: Path
) -> None:
    envpack(*built.arguments(tmp_path), "--sbom", tmp_path / "nowhere/a.cdx.json", status=3)
    assert not (tmp_path / "image").exists()


def test_an_image_without_python_has_documents(tmp_path: Path) -> None:
    base = make_layout(tmp_path / "base", [member("etc/os-release", b"")])
    (tmp_path / "app").write_text("app")
    sbom, provenance = tmp_path / "a.spdx.json", tmp_path / "a.json"
    envpack(
        "build", "--add", f"{tmp_path / 'app'}:/opt/app", "--base", base,
        "-o", f"oci-archive:{tmp_path / 'app.tar'}", "--sbom", sbom, "--sbom",
        tmp_path / "a.cdx.json", "--provenance", provenance, cwd=tmp_path,
    )  # fmt: skip
    assert [p["name"] for p in read_spdx(sbom)["packages"]] == ["app", "base"]
    assert read_cyclonedx(tmp_path / "a.cdx.json")["components"] == []
    definition = read_provenance(provenance)["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["add"] == ["/opt/app"]
    assert [d["name"] for d in definition["resolvedDependencies"]] == ["base"]


def test_no_secret_is_told_and_another_index_is_named(built: Project, tmp_path: Path) -> None:
    canary = "canary-5e3d"
    with simple_index(built.folder / "wheels", user=f"user:{canary}") as index:
        envpack(
            "resolve", "plain", "--base", built.base, "--index-url", index.url,
            "-o", tmp_path / "pylock.toml",
        )  # fmt: skip
        for name in NAMES:
            option = "--provenance" if "intoto" in name else "--sbom"
            envpack(
                "build", tmp_path / "pylock.toml", "-o", f"oci:{tmp_path / 'image'}",
                "--index-url", index.url, "--env", f"TOKEN={canary}",
                "--label", f"source=https://user:{canary}@example.org/x", option, tmp_path / name,
            )  # fmt: skip
        bare = index.bare_url.rstrip("/")
    texts = "".join((tmp_path / name).read_text() for name in NAMES)
    assert canary not in texts
    plain = next(
        c for c in read_cyclonedx(tmp_path / NAMES[0])["components"] if c["name"] == "plain"
    )
    qualifiers = check_purl(plain["purl"]).qualifiers
    assert isinstance(qualifiers, dict)
    assert qualifiers["repository_url"].rstrip("/") == bare
    assert plain["externalReferences"][0]["url"].endswith("/files/plain-1.2-py3-none-any.whl")
    provenance = read_provenance(tmp_path / NAMES[2])["predicate"]["buildDefinition"]
    assert provenance["externalParameters"]["env"] == ["TOKEN"]
    assert provenance["externalParameters"]["labels"] == {"source": "https://example.org/x"}
