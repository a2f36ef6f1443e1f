"""The embedded cloud: MiniStack plus what it lacks, on this machine only; nothing else of the project knows it."""
