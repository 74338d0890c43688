"""Backups of catalogue and store: made, verified, restored."""
