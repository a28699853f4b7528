"""What follows when the newsroom's own site tells of a post: looked at, taken back, sent at once."""
