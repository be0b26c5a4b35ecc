"""TokenUnusable: what is wrong with the bot's token, in words for whoever set it."""


class TokenUnusable(Exception):
    """Raised when Telegram refuses the token or cannot be asked; the text, which never holds it, says what to do."""
