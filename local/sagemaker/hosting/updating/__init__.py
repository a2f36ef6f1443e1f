"""Updates an endpoint in service: what is barred, how traffic shifts, and what ends it."""
