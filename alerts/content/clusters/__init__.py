"""Which articles tell of one event, and which are copies of one text. Pure."""
