"""What functions share.

In the order of a photo's way: ``environment``, ``invocation``, ``event``, ``photos``, ``endpoint``,
``prediction``, ``errors``; then ``served``, ``captured_line`` and ``places``.
"""
