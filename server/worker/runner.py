"""Runs the jobs of a worker, one after another, and answers requests meanwhile."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from weft.engine.cancel import CancelToken
from weft.engine.engine import Engine, Result
from weft.engine.errors import Cancelled, FileError, RunError, SeveralProblems, WeftError
from weft.engine.share.limits import limited
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.devices import standard_devices
from weft.nodes.standard.folders import own_places
from weft.nodes.standard.memory import standard_memory
from weft.nodes.standard.numerics import standard_runtime

from .messages import Answer, Ask, Began, Cancel, Ended, Json, Message, Task, pinned_file
from .reporter import Reporter, Say

log = logging.getLogger(__name__)

_LONGEST_TEXT = 100_000


class Runner:
    """The worker itself, without the pipe.

    Args:
        engine: Runs workflows.
        output: Folder for finished files.
        say: Sends a message to the server.
        pins: Folder with the bytes of input files that jobs were submitted with; None for none.
        private: Whether of the first input folder a job reads only what it was submitted with.
    """

    def __init__(
        self,
        engine: Engine,
        output: Path,
        say: Say,
        *,
        pins: Path | None = None,
        private: bool = False,
    ) -> None:
        self._engine = engine
        self._pins, self._private = pins, private
        self._output = output.absolute()
        self._say = say
        self._tasks: deque[Task] = deque()
        self._tokens: dict[str, CancelToken] = {}
        self._wake = asyncio.Event()
        self._asked: set[asyncio.Task[None]] = set()

    def hear(self, message: Message) -> None:
        """Take a message from the server."""
        if isinstance(message, Task):
            self._tokens[message.job] = CancelToken()
            self._tasks.append(message)
            self._wake.set()
        elif isinstance(message, Cancel):
            token = self._tokens.get(message.job)
            if token is not None:
                token.cancel()
        elif isinstance(message, Ask):
            task = asyncio.create_task(self._answer(message))
            self._asked.add(task)
            task.add_done_callback(self._asked.discard)

    async def work(self) -> None:
        """Run jobs for ever."""
        while True:
            while self._tasks:
                await self._run(self._tasks.popleft())
            self._wake.clear()
            await self._wake.wait()

    async def _run(self, task: Task) -> None:
        token = self._tokens[task.job]
        reporter = Reporter(task.job, self._output, self._say)
        status, problems, results = "done", [], {}
        try:
            token.check()
            self._say(Began(task.job))
            workflow = Workflow.from_json(json.loads(task.document))
            async with self._held_to(task.accepts, self._as_submitted(task)) as engine:
                result = await engine.arun(
                    workflow,
                    outputs=task.outputs,
                    on_event=reporter.receive,
                    token=token,
                    scope=task.scope,
                    resume=task.job,
                    texts=task.texts,
                )
            results = _plain_results(result)
        except Cancelled:
            status = "cancelled"
        except WeftError as error:
            status, problems = "failed", _problems(error)
            if isinstance(error, RunError):
                log.warning("a job failed", exc_info=error.__cause__, extra={"job": task.job})
        except Exception as error:  # a fault of weft's own must not end the worker
            log.exception("a job failed with an internal error", extra={"job": task.job})
            text = f"weft failed at this job: {type(error).__name__}: {error}"
            status, problems = "failed", [{"code": "run.fault", "message": text}]
        finally:
            del self._tokens[task.job]
        reporter.close()
        ran, cached, seconds = reporter.counts
        self._say(Ended(task.job, status, ran, cached, seconds, results, problems))

    def _as_submitted(self, task: Task) -> Engine:
        """An engine that reads input files as they were when the job was submitted.

        Raises:
            FileError: What was kept of one is not there any more.
        """
        workspace = self._engine.workspace
        if self._private and workspace.inputs:
            uploads = workspace.inputs[0]
            workspace = workspace.hiding(lambda folder, _: folder == uploads)
        if task.pins:
            folder = self._pins
            pinned = {n: pinned_file(folder, n, d) for n, d in task.pins.items()} if folder else {}
            for name in task.pins:
                if name not in pinned or not pinned[name].is_file():
                    raise FileError(
                        f'The input file that "{name}" had when the job was submitted is gone.',
                        code="files.pin_gone",
                        hint="Submit the job again.",
                    )
            workspace = workspace.pinning(pinned)
        changed = workspace is not self._engine.workspace
        return self._engine.reading(workspace) if changed else self._engine

    @asynccontextmanager
    async def _held_to(self, accepts: list[str] | None, engine: Engine) -> AsyncIterator[Engine]:
        """An engine held to limits for a run that somebody accepted, else the one given."""
        if accepts is None:
            yield engine
            return
        places = own_places()
        if "writes" in accepts:
            self._output.mkdir(parents=True, exist_ok=True)
            places.append(self._output)
        readable = engine.workspace.readable if "reads" in accepts else ()
        with limited(places, network="network" in accepts, readable=readable) as confine:
            held = engine.apart(confine)
            try:
                yield held
            finally:
                await asyncio.to_thread(held.close)

    async def _answer(self, ask: Ask) -> None:
        try:
            answer = await asyncio.to_thread(self._find_out, ask)
            self._say(Answer(ask.number, answer))
        except WeftError as error:
            self._say(Answer(ask.number, error=error.to_json()))
        except Exception as error:  # whoever asked gets to know, and the work goes on
            log.exception("a request to the worker failed")
            text = f"The worker failed: {type(error).__name__}: {error}"
            self._say(Answer(ask.number, error={"code": "server.fault", "message": text}))

    def _find_out(self, ask: Ask) -> Any:
        about = ask.about
        if ask.question == "explain":
            workflow = Workflow.from_json(json.loads(about["document"]))
            explained = self._engine.explain(
                workflow, outputs=about.get("outputs"), scope=about.get("scope")
            )
            return [each.to_json() for each in explained]
        if ask.question == "free":
            return {"freed": self._engine.free(results=about.get("results", True))}
        if ask.question == "devices":
            return standard_devices()
        if ask.question == "memory":
            return standard_memory()
        if ask.question == "runtime":
            return standard_runtime().model_dump()
        assert ask.question == "stats"
        disk = self._engine.disk
        return {
            "memory": asdict(self._engine.cache.stats()),
            "disk": asdict(disk.stats()) if disk is not None else None,
        }


def _problems(error: WeftError) -> list[Json]:
    if isinstance(error, SeveralProblems):
        return [problem.to_json() for problem in error.problems]
    return [error.to_json()]


def _plain_results(result: Result) -> Json:
    """The outputs that are numbers and texts; pictures are files."""
    return {name: value for name, value in result.outputs.items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool | int)
