"""Writers of the formats that are read, for made-up nights with known answers: reading(writing(x)) is x."""
