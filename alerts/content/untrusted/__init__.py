"""What parses hostile bytes. Runs only in the guarded worker (`alerts.guarded`): nothing else imports it.

Functions take bytes and plain values and return plain values that JSON can hold: text, never markup.
"""
