"""Handing over: claim → submit → settle, and putting right what a crash left behind.

Gets ledger, provider and clock as arguments; knows neither database nor network.
"""
