"""The device maker's PDF: recognised, read, checked and painted over, in a child process."""
