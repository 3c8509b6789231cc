"""Cameras in processes of their own, started and ended by the program that asks for them."""
