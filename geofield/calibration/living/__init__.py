"""Living profiles: a profile goes on learning from quiet windows while it is used."""
