"""The training container and its answers, measured beside MXNet."""
