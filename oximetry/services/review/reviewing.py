"""From a night to a signed word, as the pages ask for it."""

from __future__ import annotations

from collections.abc import Callable

from oximetry.services.review.contents import ReviewParts, Subject
from oximetry.services.review.shelf import Shelf
from oximetry.services.review.signatures import Signatures
from oximetry.services.review.verifying import Verifications

Preview = Callable[[str, Subject], bytes]
PreviewPage = Callable[[str, Subject], str]


class ReviewService(Signatures, Shelf, Verifications):
    """Drafts, templates, signatures and verification; every question about a night carries the doctor's id.

    Parameters
    ----------
    preview : callable
        A doctor and a night to the PDF of its draft; ``preview_page`` to the page that it is made of.
    """

    def __init__(self, parts: ReviewParts, preview: Preview, preview_page: PreviewPage) -> None:
        super().__init__(parts)
        self.preview = preview
        self.preview_page = preview_page
