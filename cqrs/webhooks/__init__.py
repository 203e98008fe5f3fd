"""Telling others over HTTP: signed as Standard Webhooks has it, and to allowed addresses only. Works without Django."""
