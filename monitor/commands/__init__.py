"""One module for each subcommand, imported when it runs."""
