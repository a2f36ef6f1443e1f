"""The one kind of error that the staging commands show to their user, as a single line."""


class StagingError(Exception):
    """Something that the user can put right; the message says what was wrong and what to do."""


class BadArchive(StagingError):
    """The archive is not CIFAR-100 as it is published, or is damaged, or is hostile."""
