"""`python -m bot` is `wanzi`."""

from bot.cli import main

main()
