"""What stands in front of the web application: requests are gathered whole before a thread is given to them."""
