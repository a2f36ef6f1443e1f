"""The photos that wait for a person: queue.py hands them out, takes the answers, and telling.py sends events.

photos.py reads the table's items, table.py asks the table, pictures.py finds what a person looks at,
labels.py counts what the model has not seen yet, export.py writes the labelled photos to a folder.
terminal/ is what ``python -m console review`` shows.
"""
