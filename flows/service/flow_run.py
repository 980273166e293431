"""The process of one flow run, which leads a session of its own; started by the worker."""

import os
from runpy import run_module

if __name__ == "__main__":
    os.setsid()
    run_module("prefect.engine", run_name="__main__", alter_sys=True)
