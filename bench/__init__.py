"""Measurements and trials that are too long or too rough for the tests."""
