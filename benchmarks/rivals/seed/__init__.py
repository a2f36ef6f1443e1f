"""The workflow's three functions as this exercise is usually solved."""
