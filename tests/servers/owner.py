"""A process that has servers, for tests to kill: `python -m tests.servers.owner FOLDER [PROCFILE]`.

Prints one line of JSON once all is ready: its URLs, and its port where there is a Procfile.
"""

import json
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from config.settings import Settings
from workers.procfile import running_processes, until_signalled
from workers.servers import servers

if __name__ == "__main__":
    with until_signalled(), ExitStack() as on_leaving:
        settings = Settings(data_folder=Path(sys.argv[1]), database_url=None, redis_url=None, port=0)
        ready = on_leaving.enter_context(servers(settings, fsync="off"))
        for procfile in sys.argv[2:]:
            ready = on_leaving.enter_context(running_processes(Path(procfile), ready))
        urls = {"database_url": ready.database_url, "redis_url": ready.redis_url, "port": ready.port}
        sys.stdout.write(json.dumps(urls) + "\n")
        sys.stdout.flush()
        while True:
            signal.pause()
