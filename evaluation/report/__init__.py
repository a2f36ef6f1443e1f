"""The report of an evaluation, read in this order: report, wording, summary, figures, page, publishing."""
