"""Text to tags with evidence. Pure: no database, no network, nothing else of ours."""
