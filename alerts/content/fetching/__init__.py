"""Reaching feeds and pages of strangers, politely and within limits. Edge: the network.

What is asked when (`polling`, pure), by how many at once (`rounds`), and how nothing private is reached (`addresses`).
"""
