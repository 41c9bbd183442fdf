"""The file of a cassette: vcrpy's format, read and written by vcrpy's own serializers.

Facts without a field in that format are stored in headers of our own, which vcrpy keeps: the
identities of a flow, the times of request and answer, and how an incomplete call ended.
"""

import base64
import http.client
import os
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import msgspec

from enrich_pandas.errors import ConfigurationError, ReplayError
from enrich_pandas.journal.records import pack, read_identity, unpack
from enrich_pandas.journal.suppression import SuppressionEntry
from enrich_pandas.providers.base import Identity
from enrich_pandas.providers.decoding import decoder_of
from enrich_pandas.transport.connection import silence_loggers

BATCH = "enrich-pandas-batch"  # on the first request of a flow: its identities
AS_OF = "enrich-pandas-as-of"  # the start of the recording
SENT = "enrich-pandas-sent"
RECEIVED = "enrich-pandas-received"
CUT = "enrich-pandas-cut"  # how an incomplete call ended
SUPPRESSED = "enrich-pandas-refused"  # on the first answer: the suppressed identities, as hashes
OWN = (BATCH, AS_OF, SENT, RECEIVED, CUT, SUPPRESSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A request and its answer. Header names are in lower case, times are seconds since the epoch.

    ``status`` is 0 if no answer came. ``cut`` is the reason if it did not come or is incomplete.
    """

    method: str
    uri: str
    body: bytes = field(default=b"", repr=False)
    request_headers: dict[str, str] = field(default_factory=dict, repr=False)
    batch: tuple[Identity, ...] = ()
    status: int
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    answer: bytes = field(default=b"", repr=False)
    sent: float = 0.0
    received: float = 0.0
    cut: str = ""


class SuppressedEntries(msgspec.Struct):
    """The entries of the suppression list that a recording met: keyed hashes, and the key."""

    key: bytes = b""
    entries: dict[str, SuppressionEntry] = {}

    def unpacked(self) -> tuple[bytes, dict[bytes, SuppressionEntry]]:
        """Return the key, and the entries by their hash."""
        return self.key, {base64.b64decode(hashed): one for hashed, one in self.entries.items()}


@dataclass(slots=True, kw_only=True)
class Recording:
    """The contents of a cassette, and the start of the recording."""

    interactions: list[Interaction] = field(default_factory=list)
    as_of: float | None = None
    suppressed: SuppressedEntries = field(default_factory=SuppressedEntries)


def load(path: Path) -> Recording:
    """Read a cassette.

    Raises
    ------
    ReplayError
        The file does not exist or cannot be read.
    """
    from vcr.serialize import deserialize

    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise ReplayError(
            f"The cassette {path} does not exist.",
            cost="Nothing was sent and nothing was spent.",
            todo=f'Record it: with ep.replay("{path}", mode="once").',
        ) from None
    except (OSError, UnicodeError) as error:
        raise _unreadable(path, type(error).__name__) from None
    try:
        with silence_loggers():
            return _recording(*deserialize(text, _serializer(path))[:2])
    except Exception as error:  # noqa: BLE001 - the file may have been edited: any error
        raise _unreadable(path, _where(error)) from None


def _recording(requests: Sequence[Any], answers: Sequence[dict[str, Any]]) -> Recording:
    pairs = zip(requests, answers, strict=True)
    headers = [_values(answer["headers"]) for answer in answers]
    suppressed = next((one[SUPPRESSED] for one in headers if SUPPRESSED in one), "{}")
    return Recording(
        interactions=[_interaction(request, answer) for request, answer in pairs],
        as_of=min(filter(None, (_moment(one.get(AS_OF)) for one in headers)), default=None),
        suppressed=decoder_of(SuppressedEntries).decode(suppressed),
    )


def _interaction(request: Any, answer: dict[str, Any]) -> Interaction:
    sent_headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    headers = _values(answer["headers"])
    text = answer["body"]["string"]
    return Interaction(
        method=request.method,
        uri=request.uri,
        body=request.body or b"",
        request_headers={name: value for name, value in sent_headers.items() if name not in OWN},
        batch=tuple(read_identity(one) for one in unpack(sent_headers.get(BATCH, "[]").encode())),
        status=int(answer["status"]["code"]),
        headers={name: value for name, value in headers.items() if name not in OWN},
        answer=text if isinstance(text, bytes) else b"",
        sent=_moment(headers.get(SENT)) or 0.0,
        received=_moment(headers.get(RECEIVED)) or _date(headers.get("date")),
        cut=headers.get(CUT, ""),
    )


def _values(headers: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): _text(value) for name, value in headers.items()}


def _text(value: Any) -> str:
    values = value if isinstance(value, list | tuple) else [value]
    texts = (one.decode("latin-1") if isinstance(one, bytes) else str(one) for one in values)
    return ", ".join(texts)


def _moment(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


def _date(text: str | None) -> float:
    """Read an HTTP date, for a cassette that vcrpy recorded; 0 if there is none."""
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except ValueError:
        return 0.0


def _where(error: Exception) -> str:
    """Return the kind and the line of an error, never the text of the file."""
    mark = getattr(error, "problem_mark", None)
    return type(error).__name__ + (f" in line {mark.line + 1}" if mark else "")


def _unreadable(path: Path, why: str) -> ReplayError:
    return ReplayError(
        f"The cassette {path} cannot be read: {why}.",
        cost="Nothing was sent and nothing was spent.",
        todo="Restore the file, or write it again with mode='all' or ep.run(id).freeze(path).",
    )


def save(path: Path, recording: Recording) -> None:
    """Write a cassette atomically, in a fixed order, readable by its owner only.

    Raises
    ------
    ConfigurationError
        An answer is not text, which a JSON cassette cannot contain.
    """
    from vcr.request import Request
    from vcr.serialize import serialize

    ordered = sorted(
        recording.interactions, key=lambda one: (one.uri, one.method, one.body, one.sent)
    )
    with silence_loggers():
        requests = [
            Request(one.method, one.uri, one.body or None, _headers(one)) for one in ordered
        ]
    answers = [_answer(one, recording.as_of or 0.0) for one in ordered]
    if answers and recording.suppressed.entries:
        answers[0]["headers"][SUPPRESSED] = [msgspec.json.encode(recording.suppressed).decode()]
    try:
        text = serialize({"requests": requests, "responses": answers}, _serializer(path))
    except TypeError:
        raise ConfigurationError(
            f"An answer is not text, which the JSON cassette {path} cannot contain.",
            cost="The paid answers are in the journal.",
            todo="Give the cassette a name that ends in .yaml, then repeat the call: it is free.",
        ) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _headers(one: Interaction) -> dict[str, str]:
    batch = {BATCH: pack([identity.keys for identity in one.batch]).decode()} if one.batch else {}
    return {**one.request_headers, **batch}


def _answer(one: Interaction, as_of: float) -> dict[str, Any]:
    own = {AS_OF: _iso(as_of), SENT: _iso(one.sent), RECEIVED: _iso(one.received), CUT: one.cut}
    headers = {**one.headers, **{name: value for name, value in own.items() if value}}
    return {
        "status": {"code": one.status, "message": http.client.responses.get(one.status, "")},
        "headers": {name: [value] for name, value in headers.items()},
        "body": {"string": one.answer},
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat() if moment else ""


def _serializer(path: Path) -> Any:
    """Return the serializer for the suffix: JSON for ``.json``, else YAML."""
    if path.suffix.lower() == ".json":
        from vcr.serializers import jsonserializer

        return jsonserializer
    import yaml
    from vcr.serializers import yamlserializer

    if not yaml.__with_libyaml__:
        warnings.warn(
            "PyYAML is installed without libyaml and is about 60 times slower. "
            "Give the cassette a name that ends in .json.",
            stacklevel=2,
        )
    return yamlserializer
