"""The catalogue: tables, and one file of queries per idea, on SQLite and PostgreSQL."""
