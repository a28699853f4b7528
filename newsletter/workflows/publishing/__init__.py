"""Issues published: to a WordPress, or as files; one file a target."""
