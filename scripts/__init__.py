"""Commands beside the bot: shell scripts, and modules for `python -m scripts.NAME`."""
