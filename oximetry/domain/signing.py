"""What a signature freezes, and how it is made hard to change: canonical JSON, a hash, a chain, a code."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from oximetry.domain.desaturation import Desaturation
from oximetry.domain.errors import InvalidRequest
from oximetry.domain.interpretation import MOST_NIGHTS
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.quality import Exclusion

CONTENT_FORMAT = 1
FIRST_LINK = "0" * 64
CODE_LENGTH = 12
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_LIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
_CODE = re.compile(f"[{CROCKFORD}]{{{CODE_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that the numbers were made from."""

    sha256: str
    size: int
    name: str


@dataclass(frozen=True, slots=True)
class SignedNight:
    """A night as it was signed.

    Attributes
    ----------
    vendor : mapping of str to float
        The device's own numbers, from its report or from the file's header, under the names of
        ``NightNumbers.vendor``; never checked.
    """

    night_id: str
    numbers: NightNumbers
    events: tuple[Desaturation, ...]
    inputs: tuple[InputFile, ...]
    treatment: str = ""
    vendor: Mapping[str, float] = field(default_factory=dict)

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """The spans that the numbers were made without."""
        return self.numbers.exclusions


@dataclass(frozen=True, slots=True)
class Replaced:
    """The version that an amended one replaces, and why."""

    version: int
    signed_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ReportContent:
    """Everything that a report says. A draft has neither number nor time."""

    number: str
    version: int
    language: str
    signed_at: datetime | None
    signer_name: str
    signer_title: str
    signer_code: str
    clinic_name: str
    clinic_lines: str
    patient_label: str
    text_report: str
    text_patient: str
    treatment: str
    severity_rule: str | None
    nights: tuple[SignedNight, ...]
    software: str
    replaces: Replaced | None = None

    @property
    def is_draft(self) -> bool:
        """Whether nobody signed it."""
        return self.signed_at is None

    def as_text(self) -> str:
        """Canonical JSON: the same content is the same text."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in ("nights", "replaces")}
        plain["signed_at"] = self.signed_at.isoformat() if self.signed_at else None
        plain["replaces"] = (
            {**asdict(self.replaces), "signed_at": self.replaces.signed_at.isoformat()} if self.replaces else None
        )
        plain["nights"] = [_night_json(night) for night in self.nights]
        return canonical({"format": CONTENT_FORMAT, **plain})

    @classmethod
    def from_text(cls, text: str) -> ReportContent:
        """The content again from what `as_text` gave."""
        plain = json.loads(text)
        plain.pop("format")
        replaces = plain.pop("replaces")
        signed_at = plain.pop("signed_at")
        nights = tuple(_night(one) for one in plain.pop("nights"))
        if replaces:
            replaces = Replaced(**{**replaces, "signed_at": datetime.fromisoformat(replaces["signed_at"])})
        when = datetime.fromisoformat(signed_at) if signed_at else None
        return cls(**plain, signed_at=when, nights=nights, replaces=replaces)


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces and no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(text: str) -> str:
    """SHA-256 of a text in UTF-8, lower-case hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def chained(previous_sha256: str, content_sha256: str) -> str:
    """The next link of the chain."""
    return sha256_of(f"{previous_sha256}\n{content_sha256}")


def fingerprint(nights: Sequence[tuple[str, NightNumbers]]) -> str:
    """One SHA-256 of the numbers of some nights, by id; whoever shows numbers can say which ones."""
    return sha256_of(canonical([[night_id, numbers.as_json()] for night_id, numbers in nights]))


def same_numbers(frozen: NightNumbers, now: NightNumbers) -> bool:
    """Whether a night still has the numbers it was signed with; what is counted only since then does not matter."""
    before, after = frozen.as_json(), now.as_json()
    return all(_same(before[name], after.get(name)) for name in before)


def subject_of(night_ids: Sequence[str]) -> str:
    """Under which name a night, or a set of up to 14, is reviewed; raises ``InvalidRequest`` ``too_many_nights``."""
    if not 1 <= len(night_ids) <= MOST_NIGHTS or len(set(night_ids)) != len(night_ids):
        raise InvalidRequest("too_many_nights", maximum=MOST_NIGHTS)
    if len(night_ids) == 1:
        return night_ids[0]
    return f"set-{sha256_of(canonical(sorted(night_ids)))[:32]}"


def code_from(random_bits: int) -> str:
    """Twelve signs of Crockford's alphabet out of 60 random bits, in three groups."""
    signs = "".join(CROCKFORD[random_bits >> 5 * place & 31] for place in reversed(range(CODE_LENGTH)))
    return "-".join(signs[first : first + 4] for first in range(0, CODE_LENGTH, 4))


def plain_code(typed: str) -> str | None:
    """The code in its plain form, however it was typed; ``None`` for what cannot be one."""
    signs = re.sub(r"[\s\-\u2013\u2212]", "", typed[:64]).upper().translate(_LIKE)
    return signs if _CODE.fullmatch(signs) else None


def _night_json(night: SignedNight) -> dict[str, Any]:
    return {
        "night_id": night.night_id,
        "numbers": night.numbers.as_json(),
        "events": [asdict(event) for event in night.events],
        "inputs": [asdict(one) for one in night.inputs],
        "treatment": night.treatment,
        "vendor": dict(night.vendor),
    }


def _night(plain: Mapping[str, Any]) -> SignedNight:
    return SignedNight(
        plain["night_id"],
        NightNumbers.from_json(plain["numbers"]),
        tuple(Desaturation(**event) for event in plain["events"]),
        tuple(InputFile(**one) for one in plain["inputs"]),
        plain["treatment"],
        plain["vendor"],
    )


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, float | int) and isinstance(after, float | int):
        return math.isclose(before, after, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return all(name in after and _same(before[name], after[name]) for name in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(_same(one, two) for one, two in zip(before, after, strict=True))
    return bool(before == after)
