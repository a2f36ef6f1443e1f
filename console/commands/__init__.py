"""The commands of python -m console, one a file: ``add`` declares a command and ``run`` runs it."""
