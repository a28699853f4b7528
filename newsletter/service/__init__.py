"""A workspace as services of systemd, and the examples of what stands before its pages."""
