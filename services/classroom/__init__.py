"""Turns purchases that it hears of into enrolments: a student in a course."""
