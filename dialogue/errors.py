"""What ends the bot because of Telegram, in words for whoever runs it: a useless token, and a line that stays dead."""


class TokenUnusable(Exception):
    """Raised when Telegram refuses the token or cannot be asked; the text, which never holds it, says what to do."""


class DeafToTelegram(Exception):
    """Raised when the bot has long heard nothing from Telegram: a new process may, and the service starts one."""
