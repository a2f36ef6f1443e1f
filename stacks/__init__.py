"""What exists in the cloud: one file a stack, and the settings that shape them."""
