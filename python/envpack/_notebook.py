"""How results show themselves in a notebook: the ``_repr_html_`` of native classes."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envpack._core import BuildReport, DoctorReport, Inventory, Lock


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line(row, "td") for row in rows)
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>"
    )


def inventory_html(inventory: Inventory) -> str:
    """Table of the packages of a base."""
    return _table(
        f"{inventory.source}: Python {inventory.python.version}, {len(inventory)} packages",
        ("package", "version", "installed as", "location"),
        ((p.name, p.raw_version, p.form, p.location) for p in inventory.packages),
    )


def lock_html(lock: Lock) -> str:
    """Table of what a lock adds and of what it counts on."""
    added = [(p.name, str(p.version or ""), ", ".join(p.files)) for p in lock.packages]
    provided = [(name, version, "provided by the base") for name, version in lock.provided.items()]
    return _table(
        f"{len(added)} packages to add to {lock.base or 'an empty environment'}",
        ("package", "version", "file"),
        added + provided,
    )


def build_html(report: BuildReport) -> str:
    """Table of the layers of a build."""
    return _table(
        f"{report.output}: {report.digest}",
        ("layer", "bytes", "digest"),
        ((layer.title, f"{layer.size:,}", layer.digest) for layer in report.layers),
    )


def doctor_html(report: DoctorReport) -> str:
    """Table of what was looked at on a machine; what is absent comes last."""
    checks = sorted(report.checks, key=lambda check: check.status == "absent")
    gpus = ", ".join(gpu.name for gpu in report.gpus) or "no GPU"
    driver = f"driver {report.driver}, CUDA {report.cuda}" if report.driver else "no driver"
    return _table(
        f"{gpus}; {driver}",
        ("check", "status", "", "fix"),
        ((check.id, check.status, check.text, check.fix) for check in checks),
    )
