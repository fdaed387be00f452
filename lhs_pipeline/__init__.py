"""A learning health system's whole loop: collect, analyse, decide, implement, close."""
