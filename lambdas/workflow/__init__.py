"""What functions share.

In the order of a photo's way: ``environment``, ``invocation``, ``event``, ``photo``, ``endpoint``,
``prediction``, ``errors``; then ``captured_line`` and ``places``.
"""
