//! A small reverse-mode autodiff for CNNs on CPUs: one arena of parameters, a replayed tape.
