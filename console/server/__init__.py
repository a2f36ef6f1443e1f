"""The page's server: who may ask, what it answers, where it listens."""
