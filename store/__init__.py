"""What lives in Redis: keys, sessions, history, jobs, events, audio. What a person said is sealed on its way here."""
