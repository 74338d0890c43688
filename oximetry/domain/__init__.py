"""The rules of oximetry: numpy only, no I/O, no clock, no language, no framework."""
