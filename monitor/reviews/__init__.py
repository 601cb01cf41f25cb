"""Reviews: what observers say of alerts, from the topic and into it."""
