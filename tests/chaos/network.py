"""The network between Redis and the others: a TCP proxy whose connections can be cut or held."""

import asyncio
from contextlib import suppress


class Network:
    """Forwards connections to `upstream`, a port of this machine, from a port of its own."""

    def __init__(self, upstream: int):
        self.port = 0
        self._upstream = upstream
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.WriteTransport] = set()
        self._cuts = 0
        self._flows = asyncio.Event()
        self._flows.set()

    @property
    def url(self) -> str:
        """The address of Redis for programs on this network."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Accept connections."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self, seconds: float) -> None:
        """End all connections, and new ones at once, for some seconds."""
        self._cuts += 1
        self._end_connections()
        await asyncio.sleep(seconds)
        self._cuts -= 1

    async def hold(self, seconds: float) -> None:
        """Pass no bytes for some seconds, as if Redis did not answer."""
        self._flows.clear()
        await asyncio.sleep(seconds)
        self._flows.set()

    def stop(self) -> None:
        """End all connections for good."""
        if self._server:
            self._server.close()
        self._end_connections()

    def _end_connections(self) -> None:
        for transport in list(self._connections):
            transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._cuts:
                raise OSError("the network is cut")
            there, back = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:  # or Redis was killed
            writer.transport.abort()
            return
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transport = writer.transport
        self._connections.add(transport)
        try:
            while data := await reader.read(1 << 16):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            transport.abort()
        finally:
            self._connections.discard(transport)
            with suppress(OSError, RuntimeError):
                writer.close()
