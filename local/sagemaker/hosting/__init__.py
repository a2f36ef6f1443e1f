"""Models and endpoints: ``models``, ``endpoints``, the ``variants`` that serve them, an ``invocation``."""
