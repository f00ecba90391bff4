"""A thread pool for pictures, so that prompts do not wait for rendering."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_threads = ThreadPoolExecutor(os.cpu_count(), "pictures")  # Pillow releases the GIL


async def in_picture_thread(
    render: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Call a function that renders pictures, as `asyncio.to_thread` does."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, lambda: render(*args, **kwargs))
