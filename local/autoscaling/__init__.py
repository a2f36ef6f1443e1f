"""The Application Auto Scaling that MiniStack lacks: how many instances the variant of an endpoint has."""
