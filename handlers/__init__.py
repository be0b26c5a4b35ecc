"""Telegram in, Telegram out; the only home of python-telegram-bot beside bot.py."""
