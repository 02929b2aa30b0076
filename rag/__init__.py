"""A programme's documents in, the passages that answer a question out. See `python -m rag --help`."""
