"""An image's way to the network: channel, list or RecordIO file, label, image, batch, augmentation."""
