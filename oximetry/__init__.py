"""Overnight pulse oximetry: read, analyse, plot, keep and show nights."""
