"""Tests: flat, one file a module, with real engines, a real parser and a real SQLite."""
