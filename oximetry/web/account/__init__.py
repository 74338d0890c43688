"""The pages around an account: its password, its second factor, and all accounts for administrators."""
