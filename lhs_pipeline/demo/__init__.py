"""A synthetic acute trust, Fenmarsh Hospitals, with planted problems and planted effects.

Everything here is invented. `generator.write_demo` writes it; `scenario` says what was planted.
"""
