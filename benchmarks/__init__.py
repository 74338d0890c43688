"""The budgets of DESIGN §6 beside what this machine does; ``make bench``."""
