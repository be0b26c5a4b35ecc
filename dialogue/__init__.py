"""Dialogue: what both front ends share: the parts of the program, a turn, its receipt, the reports."""
