"""Object stores: a folder, S3 servers, and what both agree on."""
