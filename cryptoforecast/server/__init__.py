"""The process that serves: its set-up, its sockets, and the answers that it preloads."""
