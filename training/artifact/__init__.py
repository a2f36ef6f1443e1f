"""The model artifact: ``files`` with ``parameters``; an earlier job's by ``channel`` and ``archive``."""
