"""How well speech is understood: clean, and as it comes from bad phones and rooms."""
