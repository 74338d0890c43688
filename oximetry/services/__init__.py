"""Use cases; they reach the world only through the protocols in ``oximetry.domain.ports``."""
