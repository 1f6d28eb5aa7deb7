"""The generator of the demo model's training and evaluation conversations."""
