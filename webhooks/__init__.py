"""Sending events to a receiver that may be slow, moved or hostile: the address guard, the sender, the signature."""
