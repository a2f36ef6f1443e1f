"""What the table of outcomes tells of all photos: lists, counts, one photo and its picture."""
