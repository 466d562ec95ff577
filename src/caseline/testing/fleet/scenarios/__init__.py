"""The scenarios: one module each, each saying its trap and its right answer.

A new one is a module with a ``SCENARIO``, named here.
"""

from __future__ import annotations

from caseline.testing.fleet.scenarios import (
    incident,
    s01_bad_release,
    s02_two_rollouts,
    s03_cell_failure,
    s04_expiring_certificates,
    s05_upgrade_noise,
    s06_loud_plugin,
    s07_interaction,
    s08_two_incidents,
    s09_hidden_cause,
    s10_busy_calendar,
    s11_null_fleet,
    s12_late_channels,
    s13_wrong_clocks,
    s14_repeated_bundles,
    s15_damaged_bundles,
    s16_silent_customers,
    s17_backported_fix,
    s18_reworded_message,
    s21_what_to_fix,
    s23_moving_tenants,
)

SCENARIOS = {
    module.SCENARIO.name: module.SCENARIO
    for module in (
        s01_bad_release,
        s02_two_rollouts,
        s03_cell_failure,
        s04_expiring_certificates,
        s05_upgrade_noise,
        s06_loud_plugin,
        s07_interaction,
        s08_two_incidents,
        s09_hidden_cause,
        s10_busy_calendar,
        s11_null_fleet,
        s12_late_channels,
        s13_wrong_clocks,
        s14_repeated_bundles,
        s15_damaged_bundles,
        s16_silent_customers,
        s17_backported_fix,
        s18_reworded_message,
        s21_what_to_fix,
        s23_moving_tenants,
        incident,
    )
}
