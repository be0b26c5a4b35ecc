"""Routing: a query in, the best model's answer out; knows no Telegram and no SQL."""
