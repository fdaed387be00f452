"""Property tests run on shared machines: what holds matters, not how fast one example ran."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
