"""The scoreboard: registrations, what the topics hold, and the table made from it."""
