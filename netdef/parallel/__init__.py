"""One net in training on several GPUs of a machine: what they tell each other, and when."""
