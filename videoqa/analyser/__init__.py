"""What is to be seen in a group of frames: by signals without a model, by a model with one."""
