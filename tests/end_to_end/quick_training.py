"""Hyperparameters of a training that takes seconds."""

# The built-in's smallest network on small pictures: a real training, in seconds. A null takes a default away.
QUICK_TRAINING = {
    "use_pretrained_model": "0",
    "image_shape": "3,28,28",
    "num_layers": "20",
    "epochs": "10",
    # The tests' validation splits are not smaller.
    "mini_batch_size": "8",
    "optimizer": "sgd",
    "learning_rate": "0.05",
    "augmentation_type": None,
    "resize": "32",
    "lr_scheduler_step": None,
    "lr_scheduler_factor": None,
}
