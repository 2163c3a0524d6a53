"""weft's events as ComfyUI's messages, for each websocket those of its own prompts."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..api.events import (
    ArtifactWritten,
    JobChanged,
    JobDeleted,
    NodesChanged,
    PreviewShown,
    ProgressMade,
    QueueChanged,
)
from ..api.jobs import FINAL, Artifact, Job, NodeReport
from ..events.hub import Hub
from ..events.note import Note
from ..jobs.service import JobService
from .record import KeptOutput, ending, kept_of, milliseconds, shown
from .session import Session, message

log = logging.getLogger(__name__)
_FORMATS = {"image/jpeg": 1, "image/png": 2}
_PREVIEW, _PREVIEW_WITH_METADATA = 1, 4
_USUAL = "default"  # of `preview_method`, which a prompt may bring along


@dataclass(slots=True)
class _Run:
    """A prompt that runs."""

    id: str
    owner: str
    kept: KeptOutput
    begun: set[str] = field(default_factory=set)  # weft's ids, as in `done` and `files`
    done: list[str] = field(default_factory=list)
    files: dict[str, list[Artifact]] = field(default_factory=lambda: defaultdict(list))
    steps: dict[str, tuple[int, int]] = field(default_factory=dict)
    attempt: int = 0  # of which `execution_start` was told; 0 while it waits
    node: str | None = None  # the client's id of the node that began last
    told_cached: bool = False


class Bridge:
    """Listens to all events and sends what concerns them to the websockets.

    Args:
        hub: Where events come from.
        jobs: Where the prompts are found again to which they belong.
        output: The folder that names of artifacts are below.
        previews: The `preview_method` of prompts that name none; None for ComfyUI's own way.
    """

    def __init__(
        self, hub: Hub, jobs: JobService, output: Path, previews: str | None = None
    ) -> None:
        self._hub, self._jobs, self._output = hub, jobs, output
        self._previews = previews if previews is not None else _USUAL
        self._sessions: set[Session] = set()
        self._runs: dict[str, _Run] = {}

    @property
    def connections(self) -> int:
        """How many websockets are open."""
        return len(self._sessions)

    def expect(self, prompt_id: str, owner: str, kept: KeptOutput) -> None:
        """Note a prompt before it is submitted, so that no event of it finds it unknown."""
        self._runs[prompt_id] = _Run(prompt_id, owner, kept)

    def forget(self, prompt_id: str) -> None:
        """A prompt was not accepted after all."""
        self._runs.pop(prompt_id, None)

    async def join(self, session: Session) -> None:
        """Greet a websocket; it hears of everything from then on."""
        session.send("status", await self._status(session.sees) | {"sid": session.client_id})
        self._sessions.add(session)
        for run in self._runs.values():
            if run.node is not None and self._hears(session, run):
                session.send("executing", {"node": run.node})

    def leave(self, session: Session) -> None:
        """A websocket is gone. Others of the same client stay."""
        self._sessions.discard(session)

    def want_logs(self, owner: str, client_id: str, *, wanted: bool) -> None:
        """Begin or end to send the log to the websockets of a client."""
        for session in self._sessions:
            if (session.owner, session.client_id) == (owner, client_id):
                session.wants_logs = wanted

    def tell_logs(self, entries: dict[str, Any]) -> None:
        """Send lines of the log to who wants them."""
        for session in self._sessions:
            if session.wants_logs:
                session.send("logs", entries)

    def end(self, owner: str) -> None:
        """Close the websockets of a user who may not listen any longer."""
        for session in [each for each in self._sessions if each.owner == owner]:
            self.leave(session)  # it hears nothing more, however long it takes to close
            session.ended.set()

    async def close(self) -> None:
        """Close every websocket."""
        await asyncio.gather(
            *(s.socket.close(code=1001) for s in list(self._sessions)), return_exceptions=True
        )

    async def listen(self) -> None:
        """Pass on events for ever."""
        async for notes in self._hub.listen():
            queue_changed = False
            # Of a quick job nothing tells that it runs but its end, which stands behind its nodes.
            begun = {
                note.event.job.id: note.event.job
                for note in notes
                if isinstance(note.event, JobChanged) and note.event.job.started is not None
            }
            for note in notes:
                try:
                    queue_changed |= await self._pass_on(note, begun)
                except Exception:  # one event that cannot be told must not end all others
                    log.exception("an event cannot be sent to ComfyUI's clients")
            if queue_changed:
                await self._tell_status()

    async def _pass_on(self, note: Note, begun: Mapping[str, Job]) -> bool:
        """Tell of one event; whether the queue is another one then.

        Args:
            note: The event.
            begun: Jobs that are told of with it and have begun, as they are at the end.
        """
        event = note.event
        if isinstance(event, QueueChanged | JobDeleted):
            return True
        if isinstance(event, JobChanged):
            await self._job(event.job)
            return True
        run = self._runs.get(note.job or "")
        if run is None:
            return False
        if run.id in begun and not run.attempt:
            self._start(run, begun[run.id])
        if isinstance(event, NodesChanged):
            self._nodes(run, event.nodes)
        elif isinstance(event, ArtifactWritten):
            await self._artifact(run, event.artifact)
        elif isinstance(event, ProgressMade):
            self._progress(run, event)
        elif isinstance(event, PreviewShown) and note.image is not None:
            self._preview(run, event, note.image)
        return False

    # -- jobs -----------------------------------------------------------------------------------

    async def _job(self, job: Job) -> None:
        run = self._runs.get(job.id)
        if run is None and job.state not in FINAL:
            kept = kept_of(await self._jobs.meta(job.id))
            if kept is None:
                return
            run = self._runs[job.id] = _Run(job.id, job.owner, kept)
        if run is None:
            return
        if job.state == "queued":
            run.attempt = 0
        elif job.state == "running":
            self._start(run, job)
        elif job.state in FINAL:
            del self._runs[job.id]
            if job.started is not None:
                self._start(run, job)
                self._tell_cached(run, [])
                # The entry of /history is there already: the job was stored before it was told.
                self._send(run, *ending(job, run.kept, run.done))
                await self._tell_status()
                self._send(run, "executing", {"node": None, "prompt_id": job.id})

    def _start(self, run: _Run, job: Job) -> None:
        """Tell that a job runs, once for each attempt."""
        if run.attempt == job.attempt:
            return
        run.attempt = job.attempt
        run.begun.clear()
        run.steps.clear()
        run.done.clear()
        run.files.clear()
        run.told_cached = False
        began = milliseconds(job.started) if job.started is not None else 0
        self._send(run, "execution_start", {"prompt_id": job.id, "timestamp": began})

    async def _status(self, sees: str | None) -> dict[str, Any]:
        queue = await self._jobs.queue(sees, limit=1)
        remaining = queue.waiting + len(queue.running)
        return {"status": {"exec_info": {"queue_remaining": remaining}}}

    async def _tell_status(self) -> None:
        known: dict[str | None, str] = {}
        for session in list(self._sessions):
            if session.sees not in known:
                known[session.sees] = message("status", await self._status(session.sees))
            session.send_latest("status", known[session.sees])

    # -- nodes ----------------------------------------------------------------------------------

    def _nodes(self, run: _Run, nodes: dict[str, NodeReport]) -> None:
        cached = [n for n, report in nodes.items() if report.state == "cached"]
        if cached or not run.told_cached:
            self._tell_cached(run, cached)
        run.done += cached
        changed: dict[str, Any] = {}
        for node, report in nodes.items():
            if report.state == "cached":
                continue
            changed[run.kept.node(node)] = _state(run, node, report.state)
            self._begin(run, node)  # one that was quick is told as done only
            if report.state == "done":
                self._complete(run, node)
                run.done.append(node)
                if node in run.files:
                    output = shown(run.files[node])
                    self._send(run, "executed", {**_about(run, node), "output": output})
        if changed:
            # Only what changed, so that a prompt of N nodes costs N and not N * N.
            self._send(run, "progress_state", {"prompt_id": run.id, "nodes": changed})

    async def _artifact(self, run: _Run, artifact: Artifact) -> None:
        if not run.kept.is_sent(artifact.node):
            run.files[artifact.node].append(artifact)
            return
        self._begin(run, artifact.node)
        listeners = self._listeners(run)
        if listeners and artifact.media_type in _FORMATS:
            image = await asyncio.to_thread((self._output / artifact.file).read_bytes)
            frame = _picture_frame(_FORMATS[artifact.media_type], image)
            for session in listeners:
                session.send_frame(frame)

    def _begin(self, run: _Run, node: str) -> None:
        """Tell that a node works, once. Its first step may be heard of before that."""
        if node not in run.begun:
            run.begun.add(node)
            run.node = run.kept.node(node)
            self._tell_cached(run, [])
            self._send(run, "executing", _about(run, node))

    def _complete(self, run: _Run, node: str) -> None:
        """Tell the last step of a node that told some: steps may be left out on the way."""
        value, total = run.steps.pop(node, (0, 0))
        if value < total:
            steps = {"value": total, "max": total}
            about = {"prompt_id": run.id, "node": run.kept.node(node)}
            self._send(run, "progress", steps | about)

    def _tell_cached(self, run: _Run, nodes: list[str]) -> None:
        if nodes or not run.told_cached:
            shown_ids = [run.kept.node(node) for node in nodes]
            data = {"nodes": shown_ids, "prompt_id": run.id, "timestamp": int(time.time() * 1000)}
            self._send(run, "execution_cached", data)
        run.told_cached = True

    def _progress(self, run: _Run, event: ProgressMade) -> None:
        made = event.progress
        node = run.kept.node(made.node)
        self._begin(run, made.node)
        run.steps[made.node] = (made.value, made.total)
        steps = {"value": made.value, "max": made.total}
        state = {node: {**_state(run, made.node, "running"), **steps}}
        frames = (
            ("progress", {**steps, "prompt_id": run.id, "node": node}),
            ("progress_state", {"prompt_id": run.id, "nodes": state}),
        )
        for kind, data in frames:
            text = message(kind, data)
            for session in self._listeners(run):
                session.send_latest((run.id, node, kind), text)

    def _preview(self, run: _Run, event: PreviewShown, image: bytes) -> None:
        number = _FORMATS.get(event.media_type)
        method = run.kept.extra_data.get("preview_method", _USUAL)
        if method == _USUAL:
            method = self._previews
        if number is None or method == "none":
            return
        plain = _picture_frame(number, image)
        about = json.dumps({**_ids(run, event.node), "image_type": event.media_type}).encode()
        head = _PREVIEW_WITH_METADATA.to_bytes(4, "big") + len(about).to_bytes(4, "big")
        for session in self._listeners(run):
            # ComfyUI shows no previews unless told to, and clients that know no metadata take
            # every picture that comes for a result.
            if session.wants_metadata:
                session.send_latest((run.id, "preview"), head + about + image)
            elif method != _USUAL:
                session.send_latest((run.id, "preview"), plain)

    # -- who ------------------------------------------------------------------------------------

    def _send(self, run: _Run, kind: str, data: Any) -> None:
        for session in self._listeners(run):
            session.send(kind, data)

    def _listeners(self, run: _Run) -> list[Session]:
        return [session for session in self._sessions if self._hears(session, run)]

    @staticmethod
    def _hears(session: Session, run: _Run) -> bool:
        """Whether it belongs to who sent the prompt; an id alone proves nothing."""
        client = run.kept.client_id
        return session.owner == run.owner and client in (None, session.client_id)


def _picture_frame(number: int, image: bytes) -> bytes:
    return _PREVIEW.to_bytes(4, "big") + number.to_bytes(4, "big") + image


def _about(run: _Run, node: str) -> dict[str, Any]:
    shown_id = run.kept.node(node)
    return {"node": shown_id, "display_node": shown_id, "prompt_id": run.id}


def _ids(run: _Run, node: str) -> dict[str, Any]:
    shown_id = run.kept.node(node)
    return {
        "node_id": shown_id,
        "prompt_id": run.id,
        "display_node_id": shown_id,
        "parent_node_id": None,
        "real_node_id": shown_id,
    }


def _state(run: _Run, node: str, state: str) -> dict[str, Any]:
    known = {"running": "running", "done": "finished", "failed": "error"}
    done = 0.0 if state == "running" else 1.0
    return {"value": done, "max": 1.0, "state": known[state], **_ids(run, node)}
