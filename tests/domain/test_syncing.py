from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oximetry.domain.errors import StorageUnavailable
from oximetry.domain.keys import patient_of
from oximetry.domain.ports import StoredObject
from oximetry.domain.sync.syncing import CatalogueRow, Guard, Kind, Left, judge, merge_join, same_content

NOW = datetime(2026, 3, 1, 8)
OLD = NOW - timedelta(days=3)
PATIENT = "11111111-2222-4333-8444-555555555555"
KEY = f"{PATIENT}/csvs/20251007230437_9001_0011aabb.csv"
NOBODY = Guard(frozenset(), frozenset(), NOW - timedelta(hours=24))

keys = st.text(st.sampled_from("ab/-.0Zz~"), min_size=1, max_size=6)


def found(key=KEY, size=1, etag="e", modified_at=0.0):
    return StoredObject(key, size, etag, modified_at)


def row(key=KEY, size=1, etag="e", deleted=False, missing=False, updated_at=OLD):
    return CatalogueRow(key, f"id of {key}", size, etag, deleted, missing, updated_at)


@given(st.sets(keys), st.sets(keys))
def test_the_merge_says_of_every_key_what_sets_say(left, right):
    pairs = list(merge_join([found(key) for key in sorted(left)], [row(key) for key in sorted(right)]))
    seen = [one.key if one is not None else other.key for one, other in pairs]
    assert seen == sorted(left | right)
    assert {one.key for one, other in pairs if other is None} == left - right
    assert {other.key for one, other in pairs if one is None} == right - left
    assert {one.key for one, other in pairs if one is not None and other is not None} == left & right
    assert all(one.key == other.key for one, other in pairs if one is not None and other is not None)


@given(
    st.dictionaries(keys, st.tuples(st.integers(0, 2), st.sampled_from(["e", "f", "g-2"]))),
    st.dictionaries(
        keys, st.tuples(st.integers(0, 2), st.sampled_from([None, "e", "f"]), st.booleans(), st.booleans())
    ),
)
def test_every_difference_is_judged_as_a_plain_model_judges_it(objects, rows):
    """Against dicts, with every key old and nothing at work."""
    pairs = merge_join(
        [found(key, *objects[key]) for key in sorted(objects)], [row(key, *rows[key]) for key in sorted(rows)]
    )
    verdicts = {(one or other).key: judge(one, other, NOBODY) for one, other in pairs}
    for key in objects.keys() | rows.keys():
        expected = None
        if key not in rows:
            expected = Kind.ADDED
        elif key not in objects:
            expected = None if rows[key][2] else Kind.REMOVED
        elif rows[key][2]:
            expected = Kind.RETURNED if rows[key][3] else None
        elif objects[key][0] != rows[key][0] or (objects[key][1], rows[key][1]) in {("e", "f"), ("f", "e")}:
            expected = Kind.MISMATCHED
        assert verdicts[key] == expected


@pytest.mark.parametrize("stream", [["a", "c", "b"], ["a", "a"]])
def test_a_listing_that_steps_back_is_no_listing(stream):
    with pytest.raises(StorageUnavailable) as refused:
        list(merge_join([found(key) for key in stream], []))
    assert refused.value.reason == "storage_listing_incomplete"


def test_rows_out_of_order_stop_the_comparison_too():
    with pytest.raises(StorageUnavailable):
        list(merge_join([], [row("b"), row("a")]))


@pytest.mark.parametrize(
    ("key", "guard", "modified_at", "reason"),
    [
        ("users/0011/session/1_aa", NOBODY, 0.0, Left.STAGING),
        (KEY, Guard({KEY}, frozenset(), NOW), 0.0, Left.OUTBOX),
        (KEY, Guard(frozenset(), {PATIENT}, NOW), 0.0, Left.WORK),
        (KEY, NOBODY, (NOW - timedelta(hours=23) - datetime(1970, 1, 1)).total_seconds(), Left.YOUNG),
        ("ș/a", NOBODY, 0.0, Left.FOREIGN),
        ("a" * 301, NOBODY, 0.0, Left.FOREIGN),
    ],
)
def test_what_must_be_left_alone_is(key, guard, modified_at, reason):
    assert judge(found(key, modified_at=modified_at), None, guard) is reason


def test_a_row_that_changed_today_is_left_alone_whatever_the_store_has():
    young = row(updated_at=NOW - timedelta(hours=1))
    assert judge(None, young, NOBODY) is Left.YOUNG
    assert judge(found(size=2), young, NOBODY) is Left.YOUNG


def test_our_own_bookkeeping_is_not_an_object_without_a_row():
    assert judge(found(".oximetry/catalogue"), None, NOBODY) is None


def test_an_etag_of_parts_says_nothing_about_the_content():
    assert same_content(found(etag="0011-3"), 1, "0011")
    assert not same_content(found(etag="0011"), 1, "0012")
    assert not same_content(found(size=2), 1, None)


@pytest.mark.parametrize(
    ("key", "patient_id"),
    [
        (KEY, PATIENT),
        (f"{PATIENT}/secrets/a.csv", None),
        (f"{PATIENT}/csvs/a/b.csv", None),
        (f"patient_data/{PATIENT}/csvs/a.csv", None),
        ("a.csv", None),
    ],
)
def test_only_a_key_in_our_form_names_a_patient(key, patient_id):
    assert patient_of(key) == patient_id
