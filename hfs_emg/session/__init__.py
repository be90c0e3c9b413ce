"""The session on disk: an append-only BDF+ file, its journals, and the store that holds them."""
