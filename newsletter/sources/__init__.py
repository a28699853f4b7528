"""Where articles come from: file and web bring bytes, kinds says what they are, one file per kind reads it."""
