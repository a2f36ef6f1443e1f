"""The report of an evaluation: its numbers, words, figures and page, and where it is published."""
