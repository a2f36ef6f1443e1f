"""A review in the terminal: dialog.py talks, keys.py reads the answers, desk.py has the next photo ready."""
