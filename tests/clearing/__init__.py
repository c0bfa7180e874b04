from hypothesis import settings

# The first call of a compiled function may have to compile it, which no deadline allows for.
settings.register_profile("clearing", deadline=None, derandomize=True)
settings.load_profile("clearing")
