"""How many examples a property is tried with."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import HealthCheck, settings


def examples(count: int, suppress_health_check: Collection[HealthCheck] = ()) -> settings:
    """So many in the whole run; in proportion fewer in the quick subset, and more with HYPOTHESIS_PROFILE=exploring.

    tests/conftest.py chooses the profile before it imports a test.
    """
    share = settings().max_examples / settings.get_profile("stable").max_examples
    return settings(max_examples=max(1, round(count * share)), suppress_health_check=suppress_health_check)
