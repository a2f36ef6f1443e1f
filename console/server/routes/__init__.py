"""What the server answers under /api, a file for each subject; each makes a list of Starlette's routes."""
