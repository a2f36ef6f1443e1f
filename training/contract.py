"""The channels, content types, logged defaults and errors of the image-classification algorithm.

Source: AWS, "Image Classification Hyperparameters" and "Input/Output Interface" (developer guide);
the texts of log lines and errors are those of recorded jobs.
"""

CHANNELS = ("train", "validation", "train_lst", "validation_lst")
RECORD_CONTENT_TYPE = "application/x-recordio"
IMAGE_CONTENT_TYPES = ("application/x-image", "image/png", "image/jpeg")
MODEL_NAME = "image-classification"


class CustomerError(Exception):
    """A fault of the job's input: its one-line text goes to ``output/failure``, and the job exits with 1."""


# What the container prints as its default-input.json; momentum 0 there, 0.9 in effect (recorded log).
DEFAULT_INPUT_FILE = "/opt/amazon/lib/python3.8/site-packages/image_classification/default-input.json"
DEFAULT_INPUT: dict[str, int | float | str] = {
    "use_pretrained_model": 0,
    "num_layers": 152,
    "epochs": 30,
    "learning_rate": 0.1,
    "lr_scheduler_factor": 0.1,
    "optimizer": "sgd",
    "momentum": 0,
    "weight_decay": 0.0001,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "eps": 1e-08,
    "gamma": 0.9,
    "mini_batch_size": 32,
    "image_shape": "3,224,224",
    "precision_dtype": "float32",
}
