"""What belongs together: a report with its night, two files of one night."""
