//! Image localization on CPUs: data sets, augmentation, nets, training, checkpoints, metrics.
