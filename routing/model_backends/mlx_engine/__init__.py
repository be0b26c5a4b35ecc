"""The inside of the MLX worker: everything here runs on the one thread that owns MLX, in the worker's own process."""
