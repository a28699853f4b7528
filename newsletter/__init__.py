"""The editors' side: from collected articles to a letter in every subscriber's inbox."""

__version__ = "0.1.0"
