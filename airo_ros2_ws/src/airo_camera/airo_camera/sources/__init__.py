"""Sources of images, one module each; a backend is not imported until it is used."""
