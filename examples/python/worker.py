"""A worker in Python: worker.py [--address HOST:PORT] [--queue NAME] [--tasks N: leave after so many].

One Connect stream, one thread that runs tasks, and one that heartbeats. The rules are in docs/wire.md.
"""

import argparse
import json
import os
import queue
import socket
import threading
import time
import traceback

import grpc
from channel import open_channel
from stem.v1 import lease_pb2
from stem.v1 import worker_pb2
from stem.v1 import worker_service_pb2 as wire
from stem.v1 import worker_service_pb2_grpc

HANDLERS = {}


def handler(function):
    HANDLERS[function.__name__] = function
    return function


@handler
def add(a, b, sleep=0):
    time.sleep(sleep)
    return a + b


@handler
def total(numbers):
    return sum(numbers)


class Worker:
    """A session with the server over as many streams as it takes."""

    def __init__(self, address: str, queue_name: str) -> None:
        self.address = address
        self.hello = wire.Hello(
            protocol_min=1,
            protocol_max=1,
            worker=f"python-{socket.gethostname()}-{os.getpid()}",
            queues=[worker_pb2.QueueSubscription(name=queue_name)],
            slots=1,
            sdk="example-python",
        )
        self.outgoing: queue.SimpleQueue = queue.SimpleQueue()
        self.seen_seq = 0
        self.held: dict[bytes, object] = {}  # grants whose settlement is not confirmed, by lease token
        self.finished: dict[bytes, object] = {}  # settlements not confirmed, by lease token
        self.sent: dict[int, list[bytes]] = {}  # the lease tokens of each Settle frame on this stream
        self.heartbeat_s = 5.0
        self.hurry = threading.Event()  # there is a reason to heartbeat now
        self.settled = 0

    def run(self, tasks_max: int) -> None:
        work: queue.SimpleQueue = queue.SimpleQueue()
        threading.Thread(target=self._work, args=(work,), daemon=True).start()
        threading.Thread(target=self._heartbeat, daemon=True).start()
        while True:
            try:
                with open_channel(self.address) as channel:
                    self._stream(channel, work, tasks_max)
                return
            except grpc.RpcError as error:
                print(f"stream lost ({error.code().name}), trying again", flush=True)
                time.sleep(0.5)

    def _stream(self, channel, work, tasks_max: int) -> None:
        outgoing: queue.SimpleQueue = queue.SimpleQueue()
        try:
            self._talk(channel, outgoing, work, tasks_max)
        finally:
            outgoing.put(None)  # lets grpc's thread go that waits for frames

    def _talk(self, channel, outgoing, work, tasks_max: int) -> None:
        stub = worker_service_pb2_grpc.WorkerServiceStub(channel)
        self.hello.seen_seq = self.seen_seq
        del self.hello.held_leases[:]
        self.hello.held_leases.extend(self.held)
        self.sent.clear()
        outgoing.put(wire.ConnectRequest(hello=self.hello))
        self.outgoing = outgoing  # only now, so that nothing goes out before the greeting
        for frame in stub.Connect(self._frames(outgoing)):
            kind = frame.WhichOneof("frame")
            if kind == "welcome":
                self._welcome(frame.welcome)
            elif kind == "grants":
                self.seen_seq = frame.grants.first_seq + len(frame.grants.grants) - 1
                for grant in frame.grants.grants:
                    self.held[grant.lease_token] = grant
                    work.put(grant)
                    if grant.HasField("lease_duration"):
                        self.hurry.set()
            elif kind == "settled":
                self._confirm(frame.settled)
                if tasks_max and self.settled >= tasks_max:
                    outgoing.put(wire.ConnectRequest(goodbye=wire.Goodbye()))
                    outgoing.put(None)  # no more frames; the server ends the stream

    def _welcome(self, welcome) -> None:
        self.hello.session_id = welcome.session_id
        self.heartbeat_s = welcome.heartbeat_interval.ToMilliseconds() / 1000
        for lease in welcome.leases:
            if not lease.held:
                self._forget(lease.lease_token)
        if self.finished:  # what the last stream did not confirm; settling is idempotent
            settle = wire.Settle(settlements=list(self.finished.values()))
            self.outgoing.put(wire.ConnectRequest(settle=settle))
        self._grant_credit()

    def _grant_credit(self) -> None:
        """One task at a time: credit for what is not held."""
        credit = wire.Credit(seen_seq=self.seen_seq, credit=max(0, 1 - len(self.held)))
        self.outgoing.put(wire.ConnectRequest(credit=credit))

    def _confirm(self, settled) -> None:
        refused = {item.index: item.error for item in settled.exceptions if item.HasField("error")}
        for index, token in enumerate(self.sent.pop(settled.frame_seq, [])):
            if index in refused:
                print(f"settlement refused: {refused[index].message}", flush=True)
            if token in self.held:  # one that was sent twice is answered twice
                self._forget(token)
                self.settled += 1
        self._grant_credit()

    def _forget(self, token: bytes) -> None:
        self.held.pop(token, None)
        self.finished.pop(token, None)

    def _frames(self, outgoing):
        """Numbers what goes out; runs in grpc's own thread."""
        seq = 0
        while (frame := outgoing.get()) is not None:
            seq += 1
            frame.frame_seq = seq
            if frame.WhichOneof("frame") == "settle":
                self.sent[seq] = [item.lease_token for item in frame.settle.settlements]
            yield frame

    def _heartbeat(self) -> None:
        while True:
            self.hurry.wait(self._heartbeat_s())
            self.hurry.clear()
            self.outgoing.put(wire.ConnectRequest(heartbeat=wire.Heartbeat(seen_seq=self.seen_seq)))

    def _heartbeat_s(self) -> float:
        """Four times a lease: a task may have asked for a shorter one than the usual."""
        own = [grant.lease_duration for grant in list(self.held.values()) if grant.HasField("lease_duration")]
        return min([self.heartbeat_s, *(length.ToMilliseconds() / 4000 for length in own)])

    def _work(self, work) -> None:
        while True:
            grant = work.get()
            item = lease_pb2.Settlement(lease_token=grant.lease_token)
            run = HANDLERS.get(grant.task.name)
            if run is None:
                item.unknown_name.SetInParent()
            else:
                settle_with(item, run, grant.task.args)
            self.finished[grant.lease_token] = item
            self.outgoing.put(wire.ConnectRequest(settle=wire.Settle(settlements=[item])))


def settle_with(item, run, args) -> None:
    """Runs the handler and writes down how it ended."""
    try:
        values = json.loads(args.json or "[]")
        result = run(**values) if isinstance(values, dict) else run(*values)
        item.succeeded.result.json = json.dumps(result)
    except Exception as error:  # whatever a handler throws is its failure
        item.failed.failure.type = type(error).__name__
        item.failed.failure.message = str(error)
        item.failed.failure.stack = traceback.format_exc()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", default="127.0.0.1:7836")
    parser.add_argument("--queue", default="default")
    parser.add_argument("--tasks", type=int, default=0, help="leave after so many; 0: stay")
    options = parser.parse_args()
    Worker(options.address, options.queue).run(options.tasks)


if __name__ == "__main__":
    main()
