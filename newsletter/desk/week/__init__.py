"""The page of the issue: the library, the issue that is edited in place, and its living letter."""
