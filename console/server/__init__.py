"""The page's server: serve.py listens, guard.py decides who may ask, application.py composes the routes."""
