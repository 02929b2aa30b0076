"""The HTTP side: authenticate, validate, enqueue, answer. No business rule lives here."""
