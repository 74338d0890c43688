"""Pages and figures as pure functions, routes, sign-in, upload endpoint, words."""
