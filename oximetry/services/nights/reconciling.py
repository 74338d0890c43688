"""The comparison of a night with its vendor's reports, kept in the catalogue with the rule it was made by."""

from __future__ import annotations

from dataclasses import asdict

from oximetry.domain.catalogue_ports import Transaction
from oximetry.domain.reconciliation import reconcile


def note_reconciliation(transaction: Transaction, night_id: str) -> None:
    """Set the numbers of a night's reports beside the night's present ones; what was not read is left out.

    To be called in the transaction that joins a report with its night, or gives the night new numbers.
    """
    numbers = transaction.nights.get(night_id).numbers
    for report in transaction.reports.of_nights([night_id]).get(night_id, []):
        if report.numbers:
            rows = [asdict(one) for one in reconcile(report.numbers, numbers)]
            rule = {"name": numbers.rule.name, "version": numbers.rule.version}
            transaction.reports.set_reconciliation(report.id, {"rule": rule, "rows": rows})
