"""Rules of moving from one store to another and from the old application's layout."""
