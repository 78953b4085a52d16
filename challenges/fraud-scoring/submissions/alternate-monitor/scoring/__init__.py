"""What training, serving and the monitor share: the feature recipe and the model artifact."""
