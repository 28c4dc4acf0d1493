"""From the wish for a person to the person: how grave it is, who is told, who serves."""
