"""Service: the bot as a program that the system starts, watches and stops, and that runs once at a time."""
