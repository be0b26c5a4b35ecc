"""Terminal: the conversation and the reports in a terminal; the only home of rich."""
