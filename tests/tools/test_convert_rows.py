"""``netdef convert csv``, ``hdf5``, ``db`` and ``cifar100``."""


def test_numbers_go_round(netdef, tmp_path):
    (tmp_path / "a.csv").write_text("x,class,y\n1,0,2\n3,1,4\n")
    ran = netdef("convert", "csv", "--label", "class", "a.csv", "a.h5")
    assert (ran.status, ran.out, ran.err) == (0, "Wrote a.h5\nWrote a.txt\n", "")
    ran = netdef("convert", "hdf5", "a.h5", "a_lmdb")
    assert (ran.status, ran.out, ran.err) == (0, "Wrote a_lmdb\n", "")
    ran = netdef("convert", "db", "--to", "leveldb", "a_lmdb", "a_leveldb")
    assert (ran.status, ran.out, ran.err) == (0, "Wrote a_leveldb\n", "")
    ran = netdef("convert", "db", "--to", "hdf5", "a_leveldb", "b.h5")
    assert (ran.status, ran.out, ran.err) == (0, "Wrote b.h5\nWrote b.txt\n", "")
    out = netdef("db", "info", "a_leveldb").out
    assert out.startswith("a_leveldb: 2 records, ") and "(2, 1, 1)        2\n" in out
    shown = tmp_path / "net.prototxt"
    shown.write_text(
        'layer { name: "d" type: "HDF5Data" top: "data" top: "label"'
        ' hdf5_data_param { source: "b.txt" batch_size: 5 } }'
    )
    assert "(5, 2, 1, 1)" in netdef("show", "--model", shown).out


def test_a_word_among_numbers(netdef, tmp_path):
    (tmp_path / "a.csv").write_text("1,2\nx,3\n")
    ran = netdef("convert", "csv", "--to", "lmdb", "a.csv", "db")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "netdef: error: a.csv:2: column 0: 'x' is not a number\n"
    assert not (tmp_path / "db").exists()


def test_cifar100(netdef, tmp_path):
    for name in ("train", "test"):
        (tmp_path / f"{name}.bin").write_bytes(bytes(3074))
    ran = netdef("convert", "cifar100", "--coarse", ".", "out")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "Wrote out/cifar100_train_lmdb\nWrote out/cifar100_test_lmdb\n"
