"""What the catalogue's values know of themselves."""

import pytest

from oximetry.domain.night_numbers import warns_of
from oximetry.domain.records import ItemState


@pytest.mark.parametrize("code", ["a", "b"])
def test_a_warning_is_found_by_its_code_alone(code):
    warnings = [{"code": "a", "count": 1}, {"code": "b"}]
    assert warns_of(code, warnings)
    assert not warns_of("c", warnings)
    assert not warns_of(code, [])


def test_nothing_more_happens_to_a_file_that_is_refused_expanded_stored_or_discarded():
    final = {state for state in ItemState if state.is_final}
    assert final >= {ItemState.REFUSED, ItemState.EXPANDED, ItemState.STORED, ItemState.DISCARDED}
    assert not final & {ItemState.RECEIVED, ItemState.READ, ItemState.UNDATED, ItemState.CONFIRMED}
