"""What can be answered exactly without any model: sums, units, dates, greetings, and questions about the bot."""
