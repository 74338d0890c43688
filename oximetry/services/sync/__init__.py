"""Comparing store and catalogue, and applying what was agreed."""
