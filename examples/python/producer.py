"""Enqueues one `add` task, waits for its result and prints it: producer.py A B [--address HOST:PORT]."""

import argparse
import json
import uuid

from channel import open_channel
from stem.v1 import task_service_pb2, task_service_pb2_grpc, task_state_pb2


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("numbers", type=int, nargs=2)
    parser.add_argument("--address", default="127.0.0.1:7836")
    parser.add_argument("--sleep", type=float, default=0, help="seconds that the task takes")
    options = parser.parse_args()

    with open_channel(options.address) as channel:
        tasks = task_service_pb2_grpc.TaskServiceStub(channel)
        # An id of our own makes every repeat safe: the server stores it once.
        request = task_service_pb2.EnqueueTaskRequest(id=str(uuid.uuid4()), name="add")
        request.args.json = json.dumps([*options.numbers, options.sleep])
        tasks.EnqueueTask(request, timeout=10)
        print(json.dumps(result_of(tasks, request.id)))


def result_of(tasks: task_service_pb2_grpc.TaskServiceStub, task_id: str) -> object:
    """What the task returned; raises when it ended otherwise."""
    request = task_service_pb2.AwaitTasksRequest(tasks=[{"task_id": task_id}])
    for response in tasks.AwaitTasks(request, timeout=60):
        for update in response.updates:
            if update.WhichOneof("update") != "task":
                continue
            if update.task.state == task_state_pb2.TASK_STATE_SUCCEEDED:
                return json.loads(update.task.result.json)
            if update.task.state in (task_state_pb2.TASK_STATE_FAILED, task_state_pb2.TASK_STATE_CANCELLED):
                raise RuntimeError(f"task {task_id}: {update.task.failure.message}")
    raise TimeoutError(f"task {task_id} has not ended")


if __name__ == "__main__":
    main()
