"""What a pool's child inherits from the process it is forked from."""

import subprocess
import sys

from config.settings import Settings

SEEN = """
import workers.app
from matcher.store.tables import Base
print(all(mapper.configured for mapper in Base.registry.mappers))
"""


def test_the_tables_are_known_before_a_child_is_forked(settings: Settings) -> None:
    """Or it may be forked just while a thread finds out, and wait for that thread's lock without end."""
    own = settings.as_environment()
    answer = subprocess.run([sys.executable, "-c", SEEN], env=own, capture_output=True, text=True, check=True)
    assert answer.stdout == "True\n"
