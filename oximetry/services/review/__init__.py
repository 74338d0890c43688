"""From a night to a signed word."""
