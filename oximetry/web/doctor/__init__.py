"""The doctor's pages under /medic/."""
