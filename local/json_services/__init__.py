"""Services of AWS that MiniStack lacks and that speak AWS's JSON protocol."""
