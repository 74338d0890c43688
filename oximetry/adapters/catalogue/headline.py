"""Which of a night's analyses is the one whose numbers are shown."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func, select

from oximetry.adapters.catalogue import tables as t

HEADLINE_RULE = "peak-nadir"


def headline_analysis() -> ColumnElement[bool]:
    """Joins a recording with the newest version of its headline analysis."""
    night, analysis, other = t.recordings.c, t.analyses.c, t.analyses.alias().c
    newest = (
        select(func.max(other.version))
        .where(other.recording_id == night.id, other.rule == HEADLINE_RULE)
        .correlate(t.recordings)
        .scalar_subquery()
    )
    return and_(analysis.recording_id == night.id, analysis.rule == HEADLINE_RULE, analysis.version == newest)
