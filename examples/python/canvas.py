"""Adds pairs side by side, then all of their sums, and prints the total: canvas.py A B [A B ...] [--address HOST:PORT]."""

import argparse
import json
import uuid

from channel import open_channel
from stem.v1 import canvas_pb2, canvas_service_pb2, canvas_service_pb2_grpc


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("numbers", type=int, nargs="+")
    parser.add_argument("--address", default="127.0.0.1:7836")
    options = parser.parse_args()

    with open_channel(options.address) as channel:
        canvases = canvas_service_pb2_grpc.CanvasServiceStub(channel)
        pairs = zip(options.numbers[::2], options.numbers[1::2])
        # Its body is handed the list of what its header has left.
        root = canvas_pb2.CanvasNode()
        root.chord.header.extend(task("add", *pair) for pair in pairs)
        root.chord.body.CopyFrom(task("total"))
        # An id of our own makes every repeat safe: the server stores it once.
        request = canvas_service_pb2.SubmitCanvasRequest(id=str(uuid.uuid4()), root=root)
        canvases.SubmitCanvas(request, timeout=10)
        print(json.dumps(result_of(canvases, request.id)))


def task(name: str, *args: object) -> canvas_pb2.CanvasNode:
    """A task of a canvas."""
    node = canvas_pb2.CanvasNode()
    node.task.name = name
    node.task.args.json = json.dumps(args)
    return node


def result_of(canvases: canvas_service_pb2_grpc.CanvasServiceStub, canvas_id: str) -> object:
    """What the last of a canvas returned; raises when it ended otherwise."""
    for response in canvases.WatchCanvas(canvas_service_pb2.WatchCanvasRequest(canvas_id=canvas_id), timeout=60):
        canvas = response.canvas
        if canvas.state == canvas_pb2.CANVAS_STATE_OPEN:
            continue
        if canvas.state != canvas_pb2.CANVAS_STATE_SUCCEEDED:
            raise RuntimeError(f"canvas {canvas_id}: {canvas_pb2.CanvasState.Name(canvas.state)}")
        request = canvas_service_pb2.GetCanvasResultRequest(canvas_id=canvas_id)
        return json.loads(canvases.GetCanvasResult(request, timeout=10).value.result.json)
    raise TimeoutError(f"canvas {canvas_id} has not ended")


if __name__ == "__main__":
    main()
