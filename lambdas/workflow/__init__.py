"""What the functions share: event, errors, photo, endpoint and its answers, the bucket's layout."""
