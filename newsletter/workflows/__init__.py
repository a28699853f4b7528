"""What a command, the schedule or a worker sets going on an open workspace."""
