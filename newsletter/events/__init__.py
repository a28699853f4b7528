"""What comes back: reports of providers, bounces, answers by mail."""
