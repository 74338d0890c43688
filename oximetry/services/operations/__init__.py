"""Running the platform: the worker's hands, signs of life, what is ready and what is not."""
