"""The administrator's page of the storage."""
