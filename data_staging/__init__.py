"""CIFAR-100 to S3: reads the archive safely, keeps the wanted classes, uploads pictures and lists."""
