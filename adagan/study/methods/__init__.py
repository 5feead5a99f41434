"""What is compared: one function a method, and one list of them all."""
