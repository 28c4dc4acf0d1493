"""Edges and wiring: Flask, WeCom, scheduler, queue, command line, sandbox."""
