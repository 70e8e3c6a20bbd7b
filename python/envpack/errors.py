"""Exceptions of envpack: one class for each kind of failure, and the table that maps them.

Every class is an :class:`EnvpackError` and the natural built-in as well, so ``except ValueError``
and ``except OSError`` work. A failed resolution is an answer, not a failure of envpack, and is
raised as :class:`ResolutionImpossible`, the name that pip uses.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AuthenticationError",
    "BuildFailed",
    "Cancelled",
    "EnvpackError",
    "EnvpackOSError",
    "EnvpackWarning",
    "HTTPError",
    "IntegrityError",
    "InvalidArgument",
    "InvalidMarker",
    "InvalidRequirement",
    "InvalidSpecifier",
    "InvalidVersion",
    "LimitExceeded",
    "NetworkError",
    "NotFound",
    "ParseError",
    "ResolutionImpossible",
    "Unsupported",
]


class EnvpackWarning(UserWarning):
    """Something that a person should know; the operation went on."""


class EnvpackError(Exception):
    """Anything that failed for a reason outside envpack.

    Attributes:
        rule: stable id of the violated rule, such as ``zip.duplicate-name``, or None.
        hint: what to do next, or None.

    """

    rule: str | None = None
    hint: str | None = None


class InvalidArgument(EnvpackError, ValueError):
    """The caller passed something that can never work."""


class ParseError(EnvpackError, ValueError):
    """A malformed text.

    Attributes:
        text: the text, where the failure is about one, else None.
        offset: where the wrong piece begins in it, in bytes of UTF-8.
        length: how long the wrong piece is, in bytes.

    """

    text: str | None = None
    offset: int = 0
    length: int = 0


class InvalidVersion(ParseError):
    """Not a version of PEP 440."""


class InvalidSpecifier(ParseError):
    """Not a version specifier of PEP 440."""


class InvalidRequirement(ParseError):
    """Not a dependency specifier of PEP 508."""


class InvalidMarker(ParseError):
    """Not an environment marker of PEP 508."""


class NotFound(EnvpackError, LookupError):
    """A project, version, tag, blob or file does not exist.

    Attributes:
        filename: the file, where one is concerned, else None.

    """

    filename: str | None = None


class EnvpackOSError(EnvpackError, OSError):
    """The file system refused; ``errno`` and ``filename`` are set."""


class NetworkError(EnvpackError, ConnectionError):
    """No answer: name resolution, TLS, connection or time-out."""


class HTTPError(EnvpackError):
    """A server answered with something that cannot be used.

    Attributes:
        status: the HTTP status code.

    """

    status: int = 0


class AuthenticationError(HTTPError):
    """401 or 403 after the known credentials were tried."""


class IntegrityError(EnvpackError):
    """Content differs from its digest or size."""


class Unsupported(EnvpackError, NotImplementedError):
    """Valid input that envpack does not handle."""


class BuildFailed(EnvpackError):
    """A package could not be built from its source."""


class LimitExceeded(EnvpackError):
    """A size, depth or count limit for untrusted input was reached."""


class Cancelled(EnvpackError):
    """The operation was stopped from outside."""


class ResolutionImpossible(EnvpackError):
    """No set of versions satisfies the requirements on top of the base.

    Attributes:
        conflict: the explanation as a dict: ``headline``, ``packages``, ``causes``, ``ways_out``
            and ``proof``; the same as ``envpack resolve --format json`` prints.

    """

    def __init__(self, text: str, conflict: dict[str, Any]) -> None:
        """Keep the explanation beside its text."""
        super().__init__(text)
        self.conflict = conflict

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with both arguments."""
        return type(self), (self.args[0], self.conflict)


class InternalError(RuntimeError):
    """A bug in envpack."""


#: Error codes of the native library and their classes (ADR 0001); parse errors name their own.
_CLASSES: dict[str, type[Exception]] = {
    "invalid_argument": InvalidArgument,
    "not_found": NotFound,
    "io_error": EnvpackOSError,
    "network_error": NetworkError,
    "http_status": HTTPError,
    "unauthorized": AuthenticationError,
    "digest_mismatch": IntegrityError,
    "unsupported": Unsupported,
    "build_failed": BuildFailed,
    "limit_exceeded": LimitExceeded,
    "cancelled": Cancelled,
    "internal": InternalError,
}


def _from_native(code: str, parse_class: str, text: str, details: dict[str, Any]) -> Exception:
    """Make the exception for a failure of the native library."""
    cls: type[Exception] = globals()[parse_class] if code == "parse_error" else _CLASSES[code]
    if cls is InternalError:
        return InternalError(f"{text}\nThis is a bug in envpack, please report it.")
    if cls is EnvpackOSError:
        error: Exception = EnvpackOSError(details.get("errno"), text, details["path"] or None)
    else:
        error = cls(text)
    if isinstance(error, EnvpackError):
        error.rule = details["rule"] or None
        error.hint = details["hint"] or None
    if isinstance(error, ParseError):
        error.text = details.get("text")
        error.offset = details.get("offset", 0)
        error.length = details.get("length", 0)
    if isinstance(error, NotFound):
        error.filename = details["path"] or None
    if isinstance(error, HTTPError):
        error.status = details.get("status", 0)
    return error
