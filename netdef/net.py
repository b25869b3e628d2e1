"""``Net``: a net to look into, with pycaffe's names."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from traceback import clear_frames
from typing import Any

import numpy as np

from netdef import mode
from netdef.blob import Blob, Lent, Looked
from netdef.data.memory_source import MemorySource
from netdef.engines import Clock, engines_of, settings
from netdef.errors import ConfigError, at, did_you_mean
from netdef.executor import Executor
from netdef.graph import build
from netdef.infer import infer
from netdef.io.weights import Format, write_weights
from netdef.layer import DataLayer
from netdef.loading import LoadReport, OnMismatch, match
from netdef.net_names import NetNames
from netdef.out_of_memory import is_out_of_memory, no_room_for
from netdef.plan import Plan
from netdef.precision import checked_precision
from netdef.proto import TEST, TRAIN, NetParameter
from netdef.prototxt import NetText, read_net
from netdef.replanning import Replanner
from netdef.shape import Shape
from netdef.sources import Sources
from netdef.weights import Weights


class Net(NetNames):
    """A net of one phase, with its weights.

    ``Net(path, phase)``, ``Net(path, phase, weights=path)`` or, as once,
    ``Net(path, weights_path, phase)``. ``net.blobs[name].data`` and ``.diff``, and
    ``net.params[layer][i].data`` and ``.diff`` are NumPy arrays that can be read and
    written between calls; with ``keep="outputs"`` only blobs that are inputs, outputs or
    losses. Then ``precision`` may be BF16, or on a GPU FP16, besides F32.

    Raises:
        ConfigError: the prototxt is wrong; where, and how to mend it.
        WeightsError: the weights do not fit.
    """

    def __init__(
        self,
        model: str | NetText,
        *phase_or_weights: int | str,
        phase: int | None = None,
        weights: str | None = None,
        level: int = 0,
        stages: Sequence[str] | None = None,
        keep: str = "blobs",
        share: "Net | None" = None,
        seed: int | None = None,
        precision: str | None = None,
        tf32: bool | None = None,
        autotune: bool | None = None,
    ) -> None:
        for value in phase_or_weights:
            phase, weights = (phase, value) if isinstance(value, str) else (value, weights)
        if phase not in (TRAIN, TEST):
            raise ConfigError("Net needs a phase: netdef.TRAIN or netdef.TEST")
        self.text = read_net(model) if isinstance(model, str) else model
        self.graph = build(self.text, phase, level, stages or ())
        self.device = mode.device()
        self.seed = mode.seed() if seed is None else seed
        self._lent: Lent = share._lent if share else Lent(self.device)
        self.clock = Clock(self.seed)
        self.sources = Sources(self.graph, self.seed, self.device)
        self.shapes = infer(self.graph)
        backward = self.graph.training or keep == "blobs"
        is_gpu = self.device.is_gpu
        precision = checked_precision(
            precision or settings.chosen.precision, keep, is_gpu, self.device.compute_capability
        )
        self.precision, self.loss_scale = precision, 1.0
        self._replanner = Replanner(
            self.graph,
            self.shapes,
            keep,
            backward,
            self._executor_of,
            partial(engines_of, is_gpu, precision, tf32, autotune),
            precision,
        )
        self.weight_arrays: dict[str, Any] = {}
        self.grad_arrays: dict[str, Any] = {}
        self._bind(share)
        self.blobs = OrderedDict((name, self._blob(name)) for name in self.graph.blobs)
        self.params = OrderedDict(
            (layer, [self._param(p.owner) for p in params])
            for layer, params in self.shapes.params.items()
            if params
        )
        if weights is not None:
            self.copy_from(weights)

    def _bind(self, share: "Net | None") -> None:
        """Make weights, or take another net's of the same layer names and shapes."""
        theirs = share.weight_arrays if share else {}
        mine = []
        for param in self.shapes.owners:
            if param.key in theirs and theirs[param.key].shape != param.weight.shape:
                raise ConfigError(
                    f"the nets of two phases share layer {param.key.rpartition('/')[0]!r}, but its"
                    f" weights have the shapes {theirs[param.key].shape} and {param.weight.shape}"
                )
            if param.key not in theirs:
                mine.append(param)
        self.weights = Weights(mine, self.device)
        self.weights.fill(self.seed)
        self.weight_arrays = {p.key: self.weights.view(self.weights.data, p.key) for p in mine}
        self.grad_arrays = {p.key: self.weights.view(self.weights.grad, p.key) for p in mine}
        if share:
            self.weights.version = share.weights.version = None
            self.weight_arrays = {**theirs, **self.weight_arrays}
            self.grad_arrays = {**share.grad_arrays, **self.grad_arrays}

    @property
    def executor(self) -> Executor:
        """The executor of the input shapes of now; made when they are new."""
        return self._replanner.executor

    @property
    def plan(self) -> Plan:
        """The plan of the input shapes of now."""
        return self._replanner.plan

    @property
    def lasting(self) -> dict[str, Any]:
        """What layers keep from pass to pass, such as recurrent states, by ``layer.name``."""
        return {n: self._lent.host(array) for n, array in self.executor.lasting.items()}

    def _executor_of(self, plan: Plan) -> Executor:
        try:
            executor = Executor(
                plan,
                self.device,
                self.weight_arrays,
                self.grad_arrays,
                self.sources,
                self.clock,
                lambda: self.weights.version,
            )
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            clear_frames(error.__traceback__)  # which hold what there was room for
            batch, fits = self._replanner.largest_batch(self.device.memory()[0])
            raise no_room_for(self.device, plan, self.weights.history_bytes, batch, fits) from error
        if self.loss_scale != 1:
            executor.scale_losses(self.loss_scale)
        return executor

    def scale_losses(self, factor: float) -> None:
        """Multiply all gradients by ``factor``, from the next backward on: ``loss_scale``.

        In 16 bits small ones would be lost; whoever uses the gradients divides by it.
        """
        self.loss_scale = factor
        for executor in self._replanner.executors:
            executor.scale_losses(factor)

    def forward(
        self,
        blobs: Sequence[str] | None = None,
        start: str | None = None,
        end: str | None = None,
        **inputs: Any,
    ) -> Mapping[str, Any]:
        """Run the layers from ``start`` to ``end`` (all, by default).

        Keyword arguments fill input blobs first. Returns the arrays of the outputs, or of
        ``end``'s tops, and of ``blobs``, by name. On a GPU nothing waits until one is looked
        at; only then a label that is none of the classes is refused.
        """
        self._all_named(*(blobs or ()))
        self._fill(inputs, self.inputs)
        first = self._layer(start) if start else 0
        last = self._layer(end) if end else None
        self._replanner.prepare()
        self._lent.give_back()
        self._replanner.forward(first, last)
        if first == 0:
            self.clock.iteration += 1
        names = self.top_names[end] if end else self.outputs
        return self._looked("data", *names, *(blobs or ()))

    def _looked(self, what: str, *names: str) -> Mapping[str, Any]:
        """Return ``data`` or ``diff`` of blobs by name; on a GPU without waiting for it."""
        arrays = {n: partial(getattr, blob, what) for n, blob in self._all_named(*names).items()}
        if self.device.is_gpu:
            return Looked(arrays)
        return {name: array() for name, array in arrays.items()}

    def reading(self, *names: str) -> Callable[[], dict[str, Any]]:
        """Begin to bring the data of blobs to the host; return what waits for them, by name.

        They are to be read before the next call, and not written to.
        """
        executor = self.executor
        blobs = executor.plan.program.blobs
        wait = executor.reading(*(blobs[self.graph.id_of(name)] for name in names))
        return lambda: dict(zip(names, wait(), strict=True))

    def backward(
        self,
        diffs: Sequence[str] | None = None,
        start: str | None = None,
        end: str | None = None,
        **gradients: Any,
    ) -> Mapping[str, Any]:
        """Run backward from layer ``start`` down to ``end`` (all, by default).

        Keyword arguments set diffs of outputs first. Gradients of weights are added to
        what is there: see ``clear_param_diffs``. Returns the diffs of the inputs, or of
        ``end``'s bottoms, and of ``diffs``, by name.
        """
        self._all_named(*(diffs or ()))
        for name, value in gradients.items():
            diff = self._named(name).diff
            if np.shape(value) not in ((), diff.shape):
                raise ConfigError(
                    f"the diff of {name!r} has the shape {diff.shape}, got {np.shape(value)}"
                )
            diff[...] = value
        first = self._layer(start) if start else None
        last = self._layer(end) if end else 0
        executor = self.executor
        self._lent.give_back()
        executor.backward(first, last)
        names = self.bottom_names[end] if end else self.inputs
        return self._looked("diff", *names, *(diffs or ()))

    def reshape(self) -> None:
        """Make the plan for the shapes that the inputs have now."""
        self._replanner.prepare()

    def reshape_batch(self, records: int) -> None:
        """Take that many records of each batch of the data layers, its first ones, from now on."""
        for node in self.graph.nodes:
            for top in node.tops if isinstance(node.layer, DataLayer) else ():
                row = self.shapes.blobs[top][1:]
                self._replanner.reshape(top, Shape((records, *row)))

    def give_back(self) -> None:
        """Copy to the GPU what was written to arrays that stand for its own; nothing on the CPU.

        Whoever changes weights other than through ``params`` calls it first.
        """
        self._lent.give_back()

    def clear_param_diffs(self) -> None:
        """Set the gradients of all weights to 0."""
        self._lent.give_back()
        self.weights.grad.fill(0)

    def copy_from(self, path: str, on_mismatch: OnMismatch = "error") -> LoadReport:
        """Load the weights of layers of the same name; returns what was loaded and what not.

        With ``on_mismatch="skip"`` layers of other shapes are left as they are.

        Raises:
            WeightsError: the file is damaged, a blob does not fit, or nothing fits.
        """
        version = self.weights.version
        found, report = match(path, self.params, self.graph, on_mismatch)
        for layer, blobs in found.items():
            for param, values in zip(self.params[layer], blobs, strict=True):
                if values is not None:
                    param.data[...] = values
        self._lent.give_back()
        self.weights.version = None if version is None else version + 1
        return report

    def share_with(self, other: "Net") -> None:
        """Use the weights of another net for the layers of the same names."""
        self._lent.give_back()
        self._lent = other._lent
        self._bind(other)
        self._replanner.forget_executors()

    def save(self, path: str, format: Format | None = None, with_diffs: bool = False) -> None:
        """Write the net and its weights whole: HDF5 if the name ends in .h5, else binary.

        ``with_diffs`` writes the gradients too.

        Raises:
            RunError: the file cannot be written; nothing is left under its name.
        """
        self._lent.give_back()
        proto = NetParameter()
        proto.CopyFrom(self.text.net)
        there = {n.name for n in self.graph.nodes}
        kept = [layer for layer in proto.layer if layer.name in there]
        del proto.layer[:]
        proto.layer.extend(kept)
        version = self.weights.version
        blobs = {n: [np.asarray(p.data) for p in ps] for n, ps in self.params.items()}
        self.weights.version = version
        diffs = {n: [p.diff / self.loss_scale for p in ps] for n, ps in self.params.items()}
        self._lent.give_back()
        kind: Format = format or ("HDF5" if path.endswith(".h5") else "BINARYPROTO")
        write_weights(path, proto, blobs, kind, diffs if with_diffs else None)

    def save_hdf5(self, path: str) -> None:
        """Write the weights as HDF5."""
        self.save(path, "HDF5")

    def load_hdf5(self, path: str) -> LoadReport:
        """Load weights from HDF5."""
        return self.copy_from(path)

    def set_input_arrays(self, data: Any, labels: Any) -> None:
        """Give the first MemoryData layer the images and labels that its batches come from.

        Shapes:
            data: ``(N, channels, height, width)``, N a multiple of ``batch_size``.
            labels: ``(N,)`` or ``(N, 1, 1, 1)``.

        Raises:
            ConfigError: the net has no MemoryData layer.
            ShapeError: the arrays do not fit the layer's fields.
        """
        for node in self.graph.nodes:
            source = self.sources[node.name] if node.type == "MemoryData" else None
            if isinstance(source, MemorySource):
                with at(str(node)):
                    source.set_arrays(data, labels)
                return
        raise ConfigError("the net has no MemoryData layer that could take arrays")

    def close(self) -> None:
        """Stop the data sources, and finish the files that layers write."""
        self.sources.close()
        for node in self.graph.nodes:
            node.layer.close()

    def _fill(self, values: Mapping[str, Any], allowed: Sequence[str]) -> None:
        for name, value in values.items():
            if name not in allowed:
                raise ConfigError(f"the net has no input {name!r}{did_you_mean(name, allowed)}")
            if tuple(np.shape(value)) != self.blobs[name].shape:
                raise ConfigError(
                    f"input {name!r} has the shape {self.blobs[name].shape}, got"
                    f" {tuple(np.shape(value))}; reshape the blob first"
                )
            self._lent.put(self.executor.array(self.plan.program.blobs[name]), value)

    def _named(self, name: str) -> Blob:
        if name not in self.blobs:
            raise ConfigError(f"the net has no blob {name!r}{did_you_mean(name, self.blobs)}")
        return self.blobs[name]

    def _all_named(self, *names: str) -> dict[str, Blob]:
        return {name: self._named(name) for name in names}

    def _layer(self, name: str) -> int:
        if name not in self.layer_names:
            raise ConfigError(
                f"the net has no layer {name!r}{did_you_mean(name, self.layer_names)}"
            )
        return self.layer_names.index(name)

    def _blob(self, name: str) -> Blob:
        key = self.graph.id_of(name)

        def data() -> Any:
            executor = self.executor
            value = executor.plan.program.blobs[key]
            if value not in executor.plan.kept:
                raise ConfigError(f"blob {name!r} is not kept by this plan; only outputs are")
            executor.reading()()  # the data that the blob was computed from may have been refused
            return self._lent.host(executor.array(value))

        def diff() -> Any:
            executor = self.executor
            value = executor.plan.program.diffs.get(key)
            if value is None or value not in executor.plan.slots:
                return np.zeros(executor.plan.program.blobs[key].shape, "float32")
            if value not in executor.plan.kept:
                raise ConfigError(f"the diff of {name!r} is not kept by this plan")
            return self._lent.host(executor.array(value))

        def reshape(shape: tuple[int, ...]) -> None:
            self._replanner.reshape(key, Shape(shape))

        return Blob(
            data,
            diff,
            reshape if name in self.graph.inputs else None,
            look=lambda: self.plan.program.blobs[key],
        )

    def _param(self, owner: str) -> Blob:
        def data() -> Any:
            self.weights.version = None  # whoever has it may write to it at any time
            return self._lent.host(self.weight_arrays[owner])

        return Blob(
            data,
            lambda: self._lent.host(self.grad_arrays[owner]),
            look=lambda: self.weight_arrays[owner],
        )
