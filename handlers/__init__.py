"""Use cases. Called by worker, scheduler and console alike; never commits, sends, sleeps or reads the clock."""
