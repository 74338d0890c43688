"""One file per family of oximeter formats; content decides, never the file name."""
