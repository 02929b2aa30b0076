"""Everything behind `make run`: one machine, embedded parts, no root, no containers."""
