"""What each role of a deployment may do beside what it was seen to do, in the end-to-end tests, under IAM.

``make test-privileges`` runs those tests, keeps what they used in ``uses.json`` and writes the table of
docs/permissions.md; ``make test`` holds both to the templates.
"""
