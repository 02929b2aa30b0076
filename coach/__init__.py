"""The coach: screens, retrieves, builds the prompt, calls the model and cites. No Flask, Celery or Redis in here."""
