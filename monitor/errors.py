"""Errors for the operator: the message is one line that says what is wrong and what to do."""


class Refused(Exception):
    """A mistake outside the program; the command line prints it without a traceback."""

    exit_code = 1


class SettingsRefused(Refused):
    """A setting is unknown or has an unusable value."""

    exit_code = 2


class BrokerUnreachable(Refused):
    """No broker answers at the configured address."""

    exit_code = 3
