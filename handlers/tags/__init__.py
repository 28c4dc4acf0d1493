"""Around a customer's tags: WeCom's corp tags, and whether the rules behind them are right."""
