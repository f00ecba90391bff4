"""Measures whether a bundle draws what was asked, and how well."""
