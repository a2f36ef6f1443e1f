"""The commands that ``make deploy`` runs, each in a file."""
