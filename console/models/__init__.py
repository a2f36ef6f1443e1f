"""The versions of the model: what command and page say of them, and how one is gone back to."""
