"""A proxy in front of a store whose answers can be delayed and whose connections can be cut."""
import asyncio
import random
import threading


class Proxy:
    """Listens at `address`:2379 and passes on to `target` (host, port)."""

    def __init__(self, address, target):
        self.address = address
        self.target = target
        self.delay = None      # (least, most) seconds for each burst of an answer
        self.down = False      # nobody gets through
        self.connections = set()
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self.thread.start()
        if not ready.wait(10):
            raise RuntimeError("the proxy did not start")

    def _run(self, ready):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(asyncio.start_server(self._serve, self.address, 2379))
        ready.set()
        self.loop.run_forever()

    def cut(self):
        """Ends all connections; new ones are closed at once while it is down."""
        self.down = True
        self.loop.call_soon_threadsafe(lambda: [w.transport.abort() for w in list(self.connections)])

    def mend(self):
        self.down = False

    def stop(self):
        async def end():
            self.server.close()
            others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            self.loop.stop()
        asyncio.run_coroutine_threadsafe(end(), self.loop)
        self.thread.join(10)

    async def _serve(self, reader, writer):
        if self.down:
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        mine = {writer, up_writer}
        self.connections |= mine
        ways = [asyncio.ensure_future(self._pass(reader, up_writer, False)),
                asyncio.ensure_future(self._pass(up_reader, writer, True))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            self.connections -= mine
            for w in mine:
                w.transport.abort()

    async def _pass(self, reader, writer, answers):
        try:
            while data := await reader.read(65536):
                if answers and self.delay:
                    await asyncio.sleep(random.uniform(*self.delay))
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
