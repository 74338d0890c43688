"""The patient's page under /patient/."""
