"""Batches on their way to a GPU: in time, in order, and the same numbers as on the CPU."""

import gc
import re
import threading

import numpy as np
import pytest

from netdef import mode
from netdef.carrier import Carrier, Parcel
from netdef.data.database_source import DatabaseSource
from netdef.data.datum import encode, encode_file
from netdef.data.lmdb_writer import LmdbWriter
from netdef.device import CPU, Device
from netdef.errors import RunError
from netdef.feeding import feed, send_ahead
from netdef.net import Net
from netdef.program import Call
from netdef.proto import TRAIN, TransformationParameter
from netdef.prototxt import parse_net
from netdef.resized import Resized
from netdef.shape import Shape
from netdef.values import Value
from netdef.whole_set import whole_set
from tests.engines import late_streams, pinned_memory, rationed, stand_in, streams_on_cpu
from tests.engines.gpu_on_cpu import gpu_with_cudnn
from tests.engines.streams_on_cpu import submit
from tests.engines.test_agree import gpu_module

RNG = np.random.default_rng(6)
IMAGES = RNG.integers(0, 256, (10, 3, 12, 14), np.uint8)
FIELDS = dict(crop_size=9, mirror=True, mean_value=[1.1, 2.2, 3.3], scale=0.37)


def write(path, values):
    with LmdbWriter(path) as writer:
        for number, value in enumerate(values):
            writer.put(b"%08d" % number, value)
    return path


@pytest.fixture
def raw(tmp_path):
    return write(tmp_path / "raw", [encode(image, i) for i, image in enumerate(IMAGES)])


@pytest.fixture(params=[False, True], ids=["late copies", "eager copies"])
def device(request):
    """A GPU whose work is done as late as may be, and its copies so or as early as may be."""
    made = late_streams.device(request.param)
    with late_streams.LateStream():
        yield made


def of_database(path, fields=FIELDS, batch_size=4, **options):
    param = TransformationParameter(**fields)
    return DatabaseSource(path, "LMDB", batch_size, param, TRAIN, 1, name="d", **options)


class Rows:
    """A source that does not read ahead, and overwrites its one batch."""

    records = None

    def __init__(self):
        self.shapes = (Shape((4, 3)), Shape((4,)))
        self.batch = tuple(np.zeros(s, np.float32) for s in self.shapes)

    def next(self):
        for array in self.batch:
            np.add(array, 1, out=array)
        return self.batch

    def close(self):
        pass


def call_of(shapes):
    tops = tuple(Value("blob", f"top{i}", Shape(s)) for i, s in enumerate(shapes))
    return Call("feed", 3, {}, {"out": tops}, {})


def taken(source, device, count, rows=None):
    """Return copies of the tops after each batch, made on the device in their turn."""
    send_ahead(source, device)
    shapes = [(rows or s[0], *s[1:]) for s in source.shapes]
    tops = tuple(device.xp.zeros(s, np.float32) for s in shapes)
    run, seen = feed(call_of(shapes), tops, lambda: source, device), []

    def look():
        seen.append([np.array(top) for top in tops])

    for _ in range(count):
        run()
        submit(look) if device.is_gpu else look()
    if device.is_gpu:
        device.xp.cuda.get_current_stream().synchronize()
    source.close()
    return seen


def assert_same(found, wanted):
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "options", [dict(prefetch=n, threads=t) for n, t in ((0, 1), (1, 1), (2, 2), (4, 3))]
)
def test_no_batch_is_overwritten_or_read_too_early(raw, device, options):
    wanted = taken(of_database(raw), CPU, 15)
    assert_same(taken(of_database(raw, **options), device, 15), wanted)


@pytest.mark.parametrize("fields", [{}, dict(cutout=3), dict(crop_size=9, min_crop_area=0.5)])
def test_whatever_is_left_to_do(raw, device, fields):
    wanted = taken(of_database(raw, fields), CPU, 6)
    assert_same(taken(of_database(raw, fields), device, 6), wanted)


def test_a_source_that_does_not_read_ahead(device):
    assert_same(taken(Rows(), device, 9), taken(Rows(), CPU, 9))


def test_a_batch_that_never_changes_goes_once(device, monkeypatch):
    sent, send = [], Carrier.send
    monkeypatch.setattr(Carrier, "send", lambda own, parcel: sent.append(1) or send(own, parcel))
    source = Rows()
    source.next()
    source.is_constant, source.next = True, lambda: source.batch
    assert_same(taken(source, device, 5), [[np.ones((4, 3)), np.ones(4)]] * 5)
    assert len(sent) == 1


FORGOTTEN = {
    "free": lambda parcel: None,
    "receive": lambda parcel: parcel._there,
    "release": lambda parcel: None,
}


@pytest.mark.parametrize("forgotten", FORGOTTEN)
@pytest.mark.parametrize("make", [of_database, lambda path: Rows()], ids=["ahead", "at once"])
def test_each_wait_is_needed(raw, forgotten, make, monkeypatch):
    """Else the stand-in would see no fault where there is one."""
    wanted = taken(make(raw), CPU, 15)
    monkeypatch.setattr(Parcel, forgotten, FORGOTTEN[forgotten])
    wrong = 0
    for copies_are_eager in (False, True):
        gpu = late_streams.device(copies_are_eager)
        with late_streams.LateStream():
            found = taken(make(raw), gpu, 15)
        wrong += any(not np.array_equal(a[0], b[0]) for a, b in zip(found, wanted, strict=True))
    assert wrong


def test_what_is_read_ahead_lies_in_pinned_memory_and_goes_in_one_copy(raw, monkeypatch):
    device, copies = stand_in.device(), []
    send = Carrier.send

    def spy(carrier, parcel):
        copies.append(parcel)
        send(carrier, parcel)

    monkeypatch.setattr(Carrier, "send", spy)
    source = of_database(raw, prefetch=2)
    send_ahead(source, device)
    batch = source.next()
    assert isinstance(batch, Parcel)
    assert all(map(pinned_memory.holds, (*batch, batch.blocks[0])))
    assert [a.dtype.name for a in batch] == ["uint8", "int32", "float32"]
    assert [a.shape for a in batch] == [(4, 3, 12, 14), (4, 3), (4,)]
    source.close()
    assert 1 <= len(copies) <= 3
    assert batch in copies


def test_decoded_images_travel_as_the_decoder_lays_them(tmp_path, device):
    import cv2

    files = [cv2.imencode(".png", x.transpose(1, 2, 0))[1].tobytes() for x in IMAGES]
    path = write(tmp_path / "png", [encode_file(f, i) for i, f in enumerate(files)])
    wanted = taken(of_database(path), CPU, 6)
    assert_same(taken(of_database(path), device, 6), wanted)
    source = of_database(path)
    send_ahead(source, device)
    assert source.next()[0].transpose(0, 2, 3, 1).flags.c_contiguous
    source.close()


def test_a_net_of_fewer_records_takes_the_first_ones(raw, device):
    wanted = [[top[:3] for top in tops] for tops in taken(of_database(raw), CPU, 6)]
    assert_same(taken(of_database(raw), device, 6, rows=3), wanted)
    assert_same(taken(Rows(), device, 6, rows=3), taken(Rows(), CPU, 6, rows=3))


def test_images_of_other_sizes_are_told(tmp_path, device):
    images = [IMAGES[0], IMAGES[1][:, :7], IMAGES[2]]
    path = write(tmp_path / "db", [encode(x, i) for i, x in enumerate(images)])
    source = of_database(path, dict(scale=0.5), batch_size=1)
    send_ahead(source, device)
    tops = tuple(device.xp.zeros(s, np.float32) for s in source.shapes)
    run = feed(call_of(source.shapes), tops, lambda: source, device)
    run()
    with pytest.raises(Resized) as told:
        run()
    run()
    device.xp.cuda.get_current_stream().synchronize()
    assert told.value.node == 3
    np.testing.assert_array_equal(told.value.tops["top0"].get(), images[1][None] / 2)
    np.testing.assert_array_equal(told.value.tops["top1"].get(), [1])
    np.testing.assert_array_equal(tops[0].get(), images[2][None] / 2)
    source.close()


def test_a_batch_of_another_gpu_goes_to_this_one(raw):
    one, other = stand_in.device(), stand_in.device()
    source = of_database(raw)
    send_ahead(source, one)
    tops = tuple(other.xp.zeros(s, np.float32) for s in source.shapes)
    feed(call_of(source.shapes), tops, lambda: source, other)()
    source.close()
    wanted = taken(of_database(raw), CPU, 1)
    assert_same([[top.get() for top in tops]], wanted)


NET = """
name: "fed"
layer {{ name: "data" type: "Data" top: "data" top: "label"
  transform_param {{ mirror: true {fields} }}
  data_param {{ source: "{path}" backend: LMDB batch_size: {size} }} }}
layer {{ name: "pool" type: "Pooling" bottom: "data" top: "pool"
  pooling_param {{ pool: AVE kernel_size: 3 stride: 2 }} }}
"""


def net(path, device, monkeypatch, fields="scale: 0.3 mean_value: 3.3", size=4, phase=TRAIN):
    monkeypatch.setattr(mode._chosen, "device", device)
    return Net(
        parse_net(NET.format(path=path, fields=fields, size=size), "fed.prototxt"),
        phase=phase,
        seed=1,
    )


def passes(made, count):
    """Return the blobs of so many passes."""
    found = []
    for _ in range(count):
        made.forward()
        found.append([np.array(made.blobs[name].data) for name in ("data", "label", "pool")])
    return found


@pytest.fixture(params=["stand-in", pytest.param("cupy", marks=pytest.mark.gpu)])
def gpu(request):
    """The GPU of a net."""
    return stand_in.device() if request.param == "stand-in" else Device("GPU 0", gpu_module(), 0)


def test_a_net_reads_the_same_and_goes_on_where_it_was(raw, gpu, monkeypatch):
    wanted = passes(net(raw, CPU, monkeypatch), 8)
    made = net(raw, gpu, monkeypatch)
    found = passes(made, 5)
    state = made.sources["data"].state()
    made.close()
    assert state == {"position": 20, "record": b"00000009"}
    again = net(raw, gpu, monkeypatch)
    again.forward()
    again.sources["data"].restore(state)
    found += passes(again, 3)
    again.close()
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])
        np.testing.assert_allclose(a[2], b[2], rtol=1e-5)


CONVOLUTION = """
layer {{ name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param {{ num_output: 4 kernel_size: 3 weight_filler {{ type: "xavier" }} }} }}
layer {{ name: "loss" type: "EuclideanLoss" bottom: "conv" bottom: "conv" top: "loss" }}
layer {{ name: "parts" type: "Slice" bottom: "label" top: "one" top: "two" }}
"""


@pytest.mark.parametrize("precision", ["F32", "BF16", "FP16"])
@pytest.mark.parametrize("engine", ["cudnn", "cupy"])
@pytest.mark.parametrize("fields", ["scale: 0.3 mean_value: 3.3", "scale: 0.3 cutout: 3"])
def test_images_arrive_as_the_plan_stores_them(tmp_path, fields, engine, precision, monkeypatch):
    raw = write(tmp_path / "db", [encode(x, (1000.0 + i, i)) for i, x in enumerate(IMAGES)])
    text = NET.format(path=raw, fields=fields, size=4) + CONVOLUTION.format()
    wanted = passes(net(raw, CPU, monkeypatch, fields), 1)[0][0]
    with gpu_with_cudnn(tmp_path, engine):
        made = Net(
            parse_net(text, "fed.prototxt"), TRAIN, keep="outputs", seed=1, precision=precision
        )
        made.forward(end="data")
        kind = {"F32": "float32", "BF16": "bfloat16", "FP16": "float16"}[precision]
        slots = {str(value): (value, slot) for value, slot in made.plan.slots.items()}
        (data, slot), (label, _) = slots["data"], slots["label"]
        assert (data.dtype, label.dtype) == (kind, "float32")
        assert (slot.order == (0, 1, 2, 3)) == (engine == "cudnn" and precision == "F32")
        array = made.executor.array(data).get()
        assert array.tobytes() == wanted.astype(array.dtype).tobytes()
        np.testing.assert_array_equal(made.executor.array(label).get()[:, 0], 1000 + np.arange(4))
        made.close()


def test_a_whole_set_and_its_shorter_last_batch(raw, gpu, monkeypatch):
    def seen(device):
        made, found = net(raw, device, monkeypatch), []
        for records in whole_set(made):
            found.append((records, np.array(made.blobs["data"].data)))
        made.close()
        return found

    for (count, one), (wanted, other) in zip(seen(gpu), seen(CPU), strict=True):
        assert count == wanted
        np.testing.assert_array_equal(one, other)


def test_a_net_of_images_of_many_sizes(tmp_path, gpu, monkeypatch):
    images = [IMAGES[0], IMAGES[1][:, :7], IMAGES[2][:, :, :8], IMAGES[3]]
    path = write(tmp_path / "db", [encode(x, i) for i, x in enumerate(images)])
    found, wanted = (passes(net(path, device, monkeypatch, size=1), 9) for device in (gpu, CPU))
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])


@pytest.mark.gpu
def test_long_runs_on_a_gpu_see_every_batch(tmp_path, monkeypatch):
    """With work of the GPU's between the batches, so that copies and kernels meet."""
    device = Device("GPU 0", gpu_module(), 0)
    images = RNG.integers(0, 256, (512, 3, 64, 64), np.uint8)
    path = write(tmp_path / "db", [encode(x, i) for i, x in enumerate(images)])
    fields = "crop_size: 56 mirror: true mean_value: 99.9 scale: 0.017"
    seen: dict[bool, list] = {True: [], False: []}
    for where in (device, CPU):
        made = net(path, where, monkeypatch, fields, size=128)
        for number in range(200):
            made.forward()
            if number % 23 == 22:  # in between nobody waits for the GPU
                seen[where.is_gpu].append(np.array(made.blobs["data"].data))
        made.close()
    np.testing.assert_array_equal(seen[True], seen[False])


def test_threads_end_with_the_net(raw, monkeypatch):
    before = threading.active_count()
    made = net(raw, stand_in.device(), monkeypatch)
    made.forward()
    assert threading.active_count() > before
    made.close()
    assert threading.active_count() == before


def test_memory_that_was_another_s_is_not_written_to_before_its_work_is_done():
    device = late_streams.device(copies_are_eager=True)
    with late_streams.LateStream() as compute:
        submit(lambda: None)  # such as a kernel that still reads it
        carrier = Carrier(device)
        parcel = carrier.parcel((np.zeros(5, np.float32),))
        parcel[0][:] = 7
        carrier.send(parcel)
        assert not np.array_equal(np.asarray(parcel._there[0]), [7] * 5)
        compute.synchronize()
        np.testing.assert_array_equal(np.asarray(parcel._there[0]), [7] * 5)


def test_a_gpu_without_room_for_input():
    device, _ = rationed.device(1_000_000)
    message = (
        "GPU 0: out of memory for a batch on its way: 2.0 MB are needed, 1.0 MB of 1.0 MB are free;"
        " end what else runs there, or take a device with more"
    )
    with pytest.raises(RunError, match=f"^{re.escape(message)}$"):
        Carrier(device).parcel((np.zeros(500_000, np.float32),))


def test_a_gpu_that_failed_is_told_of_by_what_uses_it_and_lets_the_source_close(raw, monkeypatch):
    made = net(raw, stand_in.device(), monkeypatch)
    made.forward()
    streams_on_cpu.fail_later(streams_on_cpu.CUDARuntimeError("cudaErrorLaunchFailure", "a fault"))
    try:
        with pytest.raises(RunError, match="the GPU failed"):
            passes(made, 9)
        made.close()
    finally:
        streams_on_cpu.recover()


def test_a_carrier_that_is_dropped_waits_for_its_copies():
    device = late_streams.device(False)
    with late_streams.LateStream():
        carrier = Carrier(device)
        parcel = carrier.parcel((np.zeros(5, np.float32),))
        parcel[0][:] = 8
        there = parcel._there[0]
        carrier.send(parcel)
        assert not np.array_equal(np.asarray(there), [8] * 5)
        del carrier, parcel
        gc.collect()
        np.testing.assert_array_equal(np.asarray(there), [8] * 5)
