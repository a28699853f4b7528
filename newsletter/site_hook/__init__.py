"""What the newsroom's own site tells of its posts: each message signed, and one row kept for each post."""
