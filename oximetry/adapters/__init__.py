"""What touches the world: database, object store, queue, browser."""
