"""Putting the service on a server, and the check of the files that do it."""
