"""Staging beside the notebook way."""
