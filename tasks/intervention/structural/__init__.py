"""Structural causal models: mechanisms from traces, checked, kept and asked what if."""
