"""Rules of comparing the store with the catalogue."""
