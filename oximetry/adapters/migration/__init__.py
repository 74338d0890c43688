"""What moving in needs of the world: the old application's folder and the journal of a move."""
