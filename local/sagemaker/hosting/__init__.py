"""Models, endpoints and their variants, invocations, captured traffic, metrics."""
