"""How the endpoint changes: updates that are watched, its number of instances, its hours."""
