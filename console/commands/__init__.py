"""The commands of python -m console, one a file."""
