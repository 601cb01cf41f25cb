"""The report of a day or a month of a history: one page, for readers without magwatch."""
