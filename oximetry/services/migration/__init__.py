"""Copying from store to store and importing from the old application."""
