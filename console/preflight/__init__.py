"""Whether an account has what a deploy of the settings asks of it, and what to do where it has not."""
