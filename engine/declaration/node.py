"""`@node`: a typed function becomes a node, and stays a function.

The annotations are the schema. Positional parameters are sockets, keyword-only parameters are
widgets, a parameter annotated `Run` is injected, the return annotation names the outputs.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

from ..errors import DeclarationError
from .code import code_of
from .context import Run
from .docstring import Docstring, parse_docstring
from .lazy import Lazy
from .output_types import Check, output_check
from .sockets import SocketType, socket_type, value_problem
from .widgets import (
    SIDES,
    Alias,
    Box,
    Choice,
    Curve,
    FilePrefix,
    InputFile,
    Mentions,
    ModelFile,
    Points,
    Range,
    Seed,
    Widget,
)

Lane = Literal["inline", "cpu", "gpu", "io"]
Effect = Literal["reads", "writes", "network"]
Migrate = Callable[[dict[str, Any], int | None], Mapping[str, Any]]
Function = TypeVar("Function", bound=Callable[..., Any])

MISSING: Any = inspect.Parameter.empty
ATTRIBUTE = "__weft_node__"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input of a node.

    Attributes:
        name: As in the function and in documents.
        type: What it takes.
        is_socket: True when it is meant to be linked; False for a widget. Both can be linked.
        default: Its value when a document says nothing; MISSING when it must be given.
        widgets: The marks of its annotation.
        text: Its line of the docstring.
        aliases: Other names accepted in documents.
        lazy: Whether it is computed only if the function awaits it.
    """

    name: str
    type: SocketType
    is_socket: bool
    default: Any
    widgets: tuple[Widget, ...]
    text: str
    aliases: tuple[str, ...]
    lazy: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that documents may call it by."""
        return (self.name, *self.aliases)

    @property
    def required(self) -> bool:
        """Whether a document must give it."""
        return self.default is MISSING

    @property
    def is_seed(self) -> bool:
        """Whether it may be "random"."""
        return any(isinstance(w, Seed) for w in self.widgets)

    @property
    def file(self) -> ModelFile | InputFile | None:
        """The kind of file that it names, if it names one."""
        return next((w for w in self.widgets if isinstance(w, ModelFile | InputFile)), None)

    @property
    def mentions(self) -> Mentions | None:
        """How its text names files, if it does."""
        return next((w for w in self.widgets if isinstance(w, Mentions)), None)

    @property
    def prefix(self) -> FilePrefix | None:
        """How it names files that the node writes, if it does."""
        return next((w for w in self.widgets if isinstance(w, FilePrefix)), None)

    def misfit(self, value: object) -> Misfit | None:
        """Why a plain value does not fit, or None when it does."""
        if (reason := value_problem(self.type, value)) is not None:
            return Misfit("params.type", reason)
        for widget in self.widgets:
            if not isinstance(widget, Range | Points | Curve):
                continue
            if (reason := widget.problem(value)) is not None:
                ranged = isinstance(widget, Range)
                return Misfit("params.out_of_range" if ranged else "params.type", reason)
        return None


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a value does not fit a parameter.

    Attributes:
        code: "params.type", or "params.out_of_range" for a number of the right type.
        reason: In words, such as "allowed are 1 to 10000".
    """

    code: str
    reason: str

    @property
    def expected(self) -> str:
        """What would have fitted."""
        return self.reason.removeprefix("expected ").removeprefix("allowed ")


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a node: its name in links, its type, and how a value of it is told.

    Attributes:
        name: In links.
        type: Its socket type.
        check: Says why a value is not of this type; None where nothing can be told.
    """

    name: str
    type: SocketType
    check: Check | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class NodeSpec:
    """All that is known of a node type without calling it.

    Attributes:
        type_id: PascalCase name in documents.
        function: The function itself, unchanged.
        category: Place in menus, parts joined by `/`.
        version: Part of every cache key; bumped when results change.
        aliases: Other type ids that documents may use (ComfyUI's class names).
        parameters: Inputs in declared order, by name.
        outputs: Outputs in declared order.
        is_root: Whether a run computes it without being asked.
        effects: What it touches beyond its values.
        pure: Whether equal inputs give equal outputs, so that a result may be kept.
        fingerprint: Extra part of the key, from the outside world; None for none.
        lane: Where it runs: `inline` (takes microseconds), `cpu`, `gpu` or `io` threads.
        run_parameter: Name of the injected `Run` parameter, or None.
        returns_tuple: Whether the function returns its outputs as a NamedTuple.
        is_async: Whether the function is a coroutine function.
        lazy: Whether it has lazy inputs.
        tolerant: Whether lists it collects may lack what could not be computed.
        migrate: Inputs of a document for an earlier version -> inputs of this one; or None.
        refuses: Says why plain inputs do not go together; or None.
        files: The parameters that name files, also within a text.
        seeds: Names of the parameters that are seeds.
        doc: The docstring in parts.
        where: `file:line` of the declaration.
        code: Tells the digest of the source that decides its results; None for weft's own nodes,
            whose version does.
    """

    type_id: str
    function: Callable[..., Any]
    category: str
    version: int
    aliases: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    outputs: tuple[Output, ...]
    is_root: bool
    effects: frozenset[str]
    pure: bool
    fingerprint: Callable[..., Any] | None
    lane: Lane
    run_parameter: str | None
    returns_tuple: bool
    is_async: bool
    lazy: bool
    tolerant: bool
    migrate: Migrate | None
    refuses: Callable[..., str | None] | None
    files: tuple[Parameter, ...]
    seeds: tuple[str, ...]
    doc: Docstring
    where: str
    output_index: Mapping[str, int] = field(default_factory=dict)
    code: Callable[[], bytes] | None = None

    @property
    def kept(self) -> bool:
        """Whether results are kept.

        A node that writes always runs: its file is the point. So does one with lazy inputs: its key
        would need all of them, and choosing costs nothing.
        """
        return self.pure and "writes" not in self.effects and not self.lazy

    @property
    def writes_once(self) -> bool:
        """Whether equal inputs would write equal files, so that a run gone on with skips it."""
        return self.pure and "writes" in self.effects and not self.lazy and self.lane != "inline"

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name or alias."""
        found = self.parameters.get(name)
        if found is None:
            found = next((p for p in self.parameters.values() if name in p.aliases), None)
        return found


def node(
    type_id: str,
    *,
    category: str,
    version: int = 1,
    aliases: Iterable[str] = (),
    output: bool = False,
    effects: Iterable[Effect] = (),
    pure: bool = True,
    fingerprint: Callable[..., Any] | None = None,
    lane: Lane = "cpu",
    tolerant: bool = False,
    migrate: Migrate | None = None,
    refuses: Callable[..., str | None] | None = None,
) -> Callable[[Function], Function]:
    """Declare a function to be a node, and return it unchanged.

    Args:
        type_id: PascalCase id, unique among all packs.
        category: Place in menus, such as `control/preprocess`.
        version: Bump it when the result for equal inputs changes.
        aliases: Other ids that documents may use for it.
        output: A run computes it without being asked (viewers; writers are roots anyway).
        effects: `reads`, `writes`, `network`; none by default.
        pure: False when equal inputs may give different results; such results are never kept.
        fingerprint: Called with the node's plain (not linked) inputs; its result joins the key.
        lane: `inline` for work of microseconds, `gpu` for models, `io` for waiting, else `cpu`.
        tolerant: Run it also when something it collects failed; its lists then lack that.
        migrate: Called as `migrate(inputs, version)` with what a document gives a node (values, and
            links as `{"link": ...}`) and the version that it was saved for, or None where nothing
            says so; gives the inputs as they are now, and leaves alone what is up to date.
        refuses: Called before a run with those plain inputs that it takes by name, where none of
            them is linked and each by itself is allowed; gives a clause that says why they do not
            go together ("start is 0.8 and has to be at most end"), or None.

    Raises:
        DeclarationError: The function cannot be a node; the text says why, with file and line.
    """

    def declare(function: Function) -> Function:
        spec = _read(
            function,
            type_id=type_id,
            category=category,
            version=version,
            aliases=tuple(aliases),
            is_root=output or "writes" in tuple(effects),
            effects=frozenset(effects),
            pure=pure,
            fingerprint=fingerprint,
            lane=lane,
            tolerant=tolerant,
            migrate=migrate,
            refuses=refuses,
        )
        setattr(function, ATTRIBUTE, spec)
        return function

    return declare


def spec_of(function: Callable[..., Any]) -> NodeSpec:
    """The declaration that `@node` attached to a function.

    Raises:
        DeclarationError: It has none.
    """
    spec = getattr(function, ATTRIBUTE, None)
    if not isinstance(spec, NodeSpec):
        name = getattr(function, "__qualname__", repr(function))
        raise DeclarationError(f"{name} is not a node.", hint="Decorate it with @node.")
    return spec


def _read(function: Callable[..., Any], *, type_id: str, **fields: Any) -> NodeSpec:
    code = getattr(function, "__code__", None)
    where = f"{code.co_filename}:{code.co_firstlineno}" if code else "?"

    def refuse(reason: str, hint: str | None = None) -> DeclarationError:
        return DeclarationError(f"{where}: node {type_id}: {reason}.", hint=hint)

    if not type_id.isidentifier() or not type_id[0].isupper():
        raise refuse("the type id must be PascalCase letters and digits")
    unknown = fields["effects"] - {"reads", "writes", "network"}
    if unknown:
        raise refuse(f"unknown effects {sorted(unknown)}", "Use reads, writes or network.")
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise refuse(
            f"an annotation cannot be read: {error}",
            "Import socket types at run time, not under TYPE_CHECKING.",
        ) from error
    doc = parse_docstring(function.__doc__)
    if not doc.summary:
        raise refuse("it has no docstring", "Describe in one sentence what it does.")

    parameters: dict[str, Parameter] = {}
    run_parameter: str | None = None
    for name, declared in inspect.signature(function).parameters.items():
        if declared.kind in (declared.VAR_POSITIONAL, declared.VAR_KEYWORD):
            raise refuse(f"*{name} has no schema", "Name each parameter.")
        if name not in hints:
            raise refuse(f"parameter {name} has no annotation")
        if hints[name] is Run:
            run_parameter = name
            continue
        parameters[name] = _parameter(declared, hints[name], doc, refuse)

    undocumented = [n for n in parameters if n not in doc.args]
    invented = [n for n in doc.args if n not in parameters and n != run_parameter]
    if undocumented or invented:
        raise refuse(
            "the docstring's Args differ from the parameters: without description "
            f"{undocumented}, described but missing {invented}"
        )
    if any(p.lazy for p in parameters.values()) and not inspect.iscoroutinefunction(function):
        raise refuse("it has lazy inputs, so it must be able to await them", "Use async def.")
    sides = [w.side for p in parameters.values() for w in p.widgets if isinstance(w, Box)]
    if sides and sorted(sides) != sorted(SIDES):
        raise refuse(f"a Box has the sides {', '.join(SIDES)}, each once; it has {sides}")
    refuses = fields["refuses"]
    strange = (
        [n for n in inspect.signature(refuses).parameters if n not in parameters] if refuses else []
    )
    if strange:
        raise refuse(
            f"its refuses function takes inputs that it does not have: {', '.join(strange)}"
        )
    if "return" not in hints:
        raise refuse("the return annotation is missing", "Write -> None if it returns nothing.")
    outputs, returns_tuple = _outputs(hints["return"], refuse)
    return NodeSpec(
        type_id=type_id,
        function=function,
        parameters=parameters,
        outputs=outputs,
        run_parameter=run_parameter,
        returns_tuple=returns_tuple,
        is_async=inspect.iscoroutinefunction(function),
        lazy=any(p.lazy for p in parameters.values()),
        files=tuple(p for p in parameters.values() if p.file or p.mentions),
        seeds=tuple(p.name for p in parameters.values() if p.is_seed),
        doc=doc,
        where=where,
        output_index={o.name: i for i, o in enumerate(outputs)},
        code=code_of(function),
        **fields,
    )


Refuse = Callable[..., DeclarationError]


def _parameter(declared: inspect.Parameter, hint: Any, doc: Docstring, refuse: Refuse) -> Parameter:
    widgets: tuple[Any, ...] = ()
    if typing.get_origin(hint) is Annotated:
        hint, *marks = typing.get_args(hint)
        widgets = tuple(m for m in marks if isinstance(m, Widget))
    lazy = typing.get_origin(hint) is Lazy
    if lazy:
        (hint,) = typing.get_args(hint)
    try:
        kind = socket_type(hint)
    except TypeError as error:
        raise refuse(f"parameter {declared.name}: {error}") from error
    for widget in widgets:
        if isinstance(widget, Choice):
            kind = SocketType("COMBO", choices=widget.options)
    names = tuple(n for w in widgets if isinstance(w, Alias) for n in w.names)
    parameter = Parameter(
        name=declared.name,
        type=kind,
        is_socket=declared.kind is not declared.KEYWORD_ONLY,
        default=declared.default,
        widgets=widgets,
        text=doc.args.get(declared.name, ""),
        aliases=names,
        lazy=lazy,
    )
    if parameter.default is not MISSING:
        misfit = parameter.misfit(parameter.default)
        if misfit is not None:
            raise refuse(
                f"parameter {declared.name}: default {declared.default!r}: {misfit.reason}"
            )
    return parameter


def _outputs(hint: Any, refuse: Refuse) -> tuple[tuple[Output, ...], bool]:
    if hint is None or hint is type(None):
        return (), False
    if isinstance(hint, type) and issubclass(hint, tuple) and hasattr(hint, "_fields"):
        fields = typing.get_type_hints(hint)
        return tuple(
            Output(n, _output_type(t, refuse), output_check(t)) for n, t in fields.items()
        ), True
    kind = _output_type(hint, refuse)
    name = "value" if kind.is_plain else kind.name.lower()
    return (Output(name, kind, output_check(hint)),), False


def _output_type(hint: Any, refuse: Refuse) -> SocketType:
    try:
        return socket_type(hint)
    except TypeError as error:
        raise refuse(f"return type: {error}") from error
