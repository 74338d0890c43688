"""Stored nights: analysed, shown, left out in part, moved, drawn."""
