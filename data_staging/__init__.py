"""Pictures to S3, CIFAR-100's or one's own: reads them safely, splits them, uploads them with lists."""
