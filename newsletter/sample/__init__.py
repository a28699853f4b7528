"""The built-in newsroom of the demo and the tests: invented articles, their pictures and a list of addresses."""
