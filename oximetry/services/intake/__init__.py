"""A batch from its first byte to stored nights: taking in, reading, choosing patients, storing."""
