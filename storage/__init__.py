"""Storage: what happened, kept in SQLite; the only home of SQL."""
