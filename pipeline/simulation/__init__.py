"""A plant that never was: the same seed and the same instant always give the same readings.

`noise`   numbers that look random and are not
`kinds`   what pumps, ovens, tanks, … measure, and how they fail
`plant`   devices, and what each of them reads at an instant
"""
