"""What a deployment costs on AWS, by its settings and a table of list prices."""
