"""When digests are due: local times over `zoneinfo`. Pure: no clock, no I/O; `now` is passed in."""
