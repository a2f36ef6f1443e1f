"""The embedded cloud: MiniStack plus what it lacks, on this machine only; no other room knows of it."""
