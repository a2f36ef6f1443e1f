"""EventBridge Scheduler as AWS documents it, in the place of MiniStack's: when it calls what, and as whom."""
