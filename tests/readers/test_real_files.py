"""The real files, which are never part of the repository: read to the values known of them."""

import os
from pathlib import Path

import numpy as np
import pytest

from oximetry.domain.sameness import samples_sha256
from oximetry.readers.formats import create_registry
from oximetry.readers.registry import Probe

DATA = Path(os.environ.get("OXIMETRY_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="real recordings are not on this machine")

CLAIMS = {
    "contec/cms50dplus_live_headerless_excerpt600.csv": [],
    "contec/cms50e_auto.SpO2": ["contec_spo2"],
    "contec/cms50e_auto.csv": ["contec_csv"],
    "other/20260111_210649_SAD.edf": ["edf"],
    "other/signal_real.wmedf": ["wmedf"],
    "snippets/emay_sleepo2_blank_spo2.csv": ["emay"],
    "snippets/o2insightpro_o2ring_s_quoted_ampm_trailing_comma.csv": ["viatom_csv"],
    "snippets/sleepon_to_sleephq_date_first.csv": ["viatom_csv"],
    "viatom/20250306222056": ["viatom_binary"],
    "viatom/O2Ring _20250306222056.csv": ["viatom_csv"],
    "viatom/O2Ring_20221118173026_OXIRecord.csv": ["viatom_csv"],
    "viatom/checkme-o2-max-20260220-short.csv": ["viatom_csv"],
}


def content(name):
    return (DATA / "formats" / name).read_bytes()


def assert_equal_rows(first, second):
    assert first.started_at == second.started_at
    for column in ("time_s", "spo2_pct", "pulse_bpm"):
        assert np.array_equal(getattr(first, column), getattr(second, column), equal_nan=True)


@pytest.mark.parametrize("name", CLAIMS)
def test_exactly_the_one_reader_claims_it(name):
    assert [reader.name for reader in create_registry().claimants(Probe.of(content(name)))] == CLAIMS[name]


@pytest.mark.parametrize("number", range(5))
def test_every_night_of_the_clinic_is_claimed_once(number):
    paths = sorted(path for path in (DATA / "recordings").iterdir() if path.suffix == ".csv")
    if number >= len(paths):
        pytest.skip("fewer real recordings")
    assert [r.name for r in create_registry().claimants(Probe.of(paths[number].read_bytes()))] == ["viatom_csv"]


def test_viatom_binary_equals_its_csv_and_its_own_statistics(read):
    binary, table = read(content("viatom/20250306222056")), read(content("viatom/O2Ring _20250306222056.csv"))
    assert_equal_rows(binary, table)
    assert np.array_equal(binary.motion, table.motion)
    assert samples_sha256(binary) == samples_sha256(table)
    assert (binary.samples, binary.sampling_interval_s, binary.notes) == (7818, 4, ())
    valid = binary.spo2_pct[~np.isnan(binary.spo2_pct)]
    assert binary.vendor["spo2_mean_pct"] == round(valid.mean()) == 94
    assert binary.vendor["spo2_min_pct"] == valid.min() == 87
    assert binary.vendor["below90_s"] == 4 * (valid < 90).sum() == 396
    assert binary.vendor["below90_pct"] == 100 * (valid < 90).sum() // valid.size == 1
    drops = ("drops_over_3pct", "drops_over_4pct", "dips_below90", "o2_score")
    assert [binary.vendor[name] for name in drops] == [53, 22, 26, 8.5]


def test_contec_binary_equals_its_csv(read):
    binary, table = read(content("contec/cms50e_auto.SpO2")), read(content("contec/cms50e_auto.csv"))
    assert binary.samples == 10_425
    assert_equal_rows(binary, table)
    assert samples_sha256(binary) == samples_sha256(table)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("contec/cms50dplus_live_headerless_excerpt600.csv", "no_time_column"),
        ("other/20260111_210649_SAD.edf", "no_oximeter_data"),
        ("other/signal_real.wmedf", "no_oximeter_data"),
        ("snippets/sleepon_to_sleephq_date_first.csv", "interval_too_long"),
    ],
)
def test_what_holds_no_night_is_refused(name, reason, refusal):
    assert refusal(content(name))[0] == reason


def test_snippets_are_read(read):
    names = ["emay_sleepo2_blank_spo2.csv", "o2insightpro_o2ring_s_quoted_ampm_trailing_comma.csv"]
    assert [np.isfinite(read(content(f"snippets/{name}")).spo2_pct).any() for name in names] == [True, True]


def test_no_real_file_is_in_the_repository():
    root = Path(__file__).parents[2]
    names = {path.name for path in DATA.rglob("*") if path.is_file()} - {"README.md"}
    found = [
        name for folder in ("tests", "docs", "oximetry") for _, _, names_ in os.walk(root / folder) for name in names_
    ]
    assert not names & set(found)
