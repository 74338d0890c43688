"""The binary formats, written from a recording without holes."""

from __future__ import annotations

from datetime import datetime
from struct import pack

import numpy as np
import numpy.typing as npt

from oximetry.domain.recording import Recording, Samples
from oximetry.readers import contec_spo, contec_spo2, medview, oxyii, viatom_binary

_EPOCH = datetime(1970, 1, 1)
_VENDOR_ORDER = (
    "asleep_s", "spo2_mean_pct", "spo2_min_pct", "drops_over_3pct", "drops_over_4pct", "below90_pct", "below90_s",
    "dips_below90", "o2_score", "steps", "pulse_mean_bpm",
)  # fmt: skip


def viatom_v3(recording: Recording) -> bytes:
    """Version 3, at any of the intervals; at 2 s only if the samples are not all in equal pairs."""
    return _viatom(recording, 3)


def viatom_v5(recording: Recording) -> bytes:
    """Version 5."""
    return _viatom(recording, 5)


def viatom_v6(recording: Recording) -> bytes:
    """Version 6."""
    return _viatom(recording, 6)


def viatom_v3_doubled(recording: Recording) -> bytes:
    """Version 3 with each sample of a 4 s recording twice; the header states half of the size."""
    content = _viatom(recording, 3)
    header, body = content[: viatom_binary.HEADER_BYTES], content[viatom_binary.HEADER_BYTES :]
    rows = np.frombuffer(body, dtype=viatom_binary.RECORD)
    return header + np.repeat(rows, 2).tobytes()


def _viatom(recording: Recording, version: int) -> bytes:
    rows = np.zeros(recording.samples, dtype=viatom_binary.RECORD)
    rows["spo2"] = _marked(recording.spo2_pct, viatom_binary.SPO2_MISSING)
    rows["pulse"] = _marked(recording.pulse_bpm, 65_535)
    rows["motion"] = _marked(recording.motion, 0)
    start = recording.started_at
    head = pack(
        "<BBHBBBBBIH", version, 0, start.year, start.month, start.day, start.hour, start.minute, start.second,
        viatom_binary.HEADER_BYTES + rows.nbytes, int(recording.recorded_s) & 0xFFFF,
    )  # fmt: skip
    return (head + _vendor(recording)).ljust(viatom_binary.HEADER_BYTES, b"\0") + rows.tobytes()


def oxyii_with_trailer(recording: Recording) -> bytes:
    """O2Ring S, finished."""
    body = oxyii_unfinished(recording)
    trailer = pack(
        "<I4sIIBBB13x", sum(body) % (1 << 32), oxyii.MAGIC, int((recording.started_at - _EPOCH).total_seconds()),
        recording.samples, int(recording.sampling_interval_s), 1, 3,
    )  # fmt: skip
    return body + trailer + _vendor(recording)


def oxyii_unfinished(recording: Recording) -> bytes:
    """O2Ring S without its trailer, as it is before the ring has been taken off; the start is lost."""
    rows = _columns(
        _marked(recording.spo2_pct, 255), _marked(recording.pulse_bpm, 255), _marked(recording.motion, 0) & 0x3F
    )
    return oxyii.SIGNATURE + pack("<H", 4) + rows.tobytes()


def pod2(recording: Recording) -> bytes:
    """POD2; the start belongs into the file's name."""
    nothing = np.zeros(recording.samples, dtype=np.int64)
    battery = nothing + 0xC0
    spo2, pulse = _marked(recording.spo2_pct, 0), _marked(recording.pulse_bpm, 0)
    return _columns(spo2, pulse, nothing, nothing + 35, nothing, battery).tobytes()


def contec_spo2_pairs(recording: Recording) -> bytes:
    """Contec .SpO2 with two bytes for each sample."""
    return _contec_head(recording) + _contec_pairs(recording).tobytes()


def contec_spo2_wide(recording: Recording) -> bytes:
    """Contec .SpO2 of the CMS50I, with four bytes for each sample."""
    pairs = _contec_pairs(recording)
    return _contec_head(recording) + np.hstack([np.zeros_like(pairs), pairs]).tobytes()


def contec_spor(recording: Recording) -> bytes:
    """Contec .spoR: pulse before SpO2."""
    head = pack("<HHHH", 64, contec_spo.KIND, recording.samples & 0xFFFF, 0)
    text = f"{recording.started_at:%m/%d/%y %H:%M:%S}".ljust(contec_spo.TEXT_CHARACTERS, "\0").encode("utf-16-le")
    return (head + text).ljust(64, b"\0") + _contec_pairs(recording)[:, ::-1].tobytes()


def medview_dat(recording: Recording) -> bytes:
    """MedView, with a clock in each record."""
    spo2, pulse = _marked(recording.spo2_pct, 0).tolist(), _marked(recording.pulse_bpm, 0).tolist()
    records = []
    for row, elapsed_s in enumerate(recording.time_s.tolist()):
        at = recording.wall_clock(elapsed_s)
        clock = (at.year - medview.CENTURY, at.month, at.day, at.hour, at.minute, at.second)
        records.append(bytes((0, 0, 7, *clock, spo2[row], pulse[row])))
    return pack("<BH", 7, recording.samples) + b"".join(records)


def _contec_head(recording: Recording) -> bytes:
    start = recording.started_at
    parts = (start.year, start.month, start.day, start.hour, start.minute, start.second, recording.samples)
    head = pack("<I", contec_spo2.HEADER_AT).ljust(contec_spo2.HEADER_AT, b"\0") + pack("<I", 1)
    return head.ljust(contec_spo2.START_AT, b"\0") + pack("<7I", *parts)


def _contec_pairs(recording: Recording) -> npt.NDArray[np.uint8]:
    return _columns(_marked(recording.spo2_pct, 127), _marked(recording.pulse_bpm, 255))


def _vendor(recording: Recording) -> bytes:
    values = [recording.vendor.get(name) for name in _VENDOR_ORDER]
    score = values[8]
    values[8] = 255 if score is None else round(score * 10)
    return pack("<HBBBBBHBBIB", *(int(value or 0) for value in values))


def _marked(values: Samples, missing: int) -> npt.NDArray[np.int64]:
    marked: npt.NDArray[np.int64] = np.where(np.isnan(values), missing, values).astype(np.int64)
    return marked


def _columns(*columns: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    return np.stack(columns, axis=1).astype(np.uint8)
