"""Intent and facts to text. Pure: no database, no network, nothing else of ours."""
