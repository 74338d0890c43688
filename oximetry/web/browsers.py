"""What a browser says of itself, as far as people are told."""

from __future__ import annotations


def browser_kind(user_agent: str) -> str:
    """``phone``, ``tablet`` or ``computer``."""
    said = user_agent.lower()
    if "ipad" in said or "tablet" in said or ("android" in said and "mobile" not in said):
        return "tablet"
    return "phone" if "mobi" in said or "iphone" in said else "computer"
