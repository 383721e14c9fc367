"""The server's process: set-up, sockets, and what is computed before the first user."""
