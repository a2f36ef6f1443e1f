"""Serving a model: /ping and /invocations over HTTP."""
