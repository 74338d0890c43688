"""A person asks for everything: to have it, or to have it gone."""
