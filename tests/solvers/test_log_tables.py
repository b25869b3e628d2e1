from netdef.solvers.log_tables import write_log_tables
from tests.solvers.test_reading_runs import log


def test_caffe_s_two_tables(tmp_path):
    paths = write_log_tables(log(tmp_path), tmp_path)
    assert [path.name for path in paths] == ["lenet.log.train", "lenet.log.test", "lenet.log.test1"]
    assert [path.read_text() for path in paths] == [
        "NumIters,Seconds,LearningRate,loss\n0,1.0,0.01,2.3\n100,10.0,0.001,1.5\n",
        "NumIters,Seconds,LearningRate,accuracy,loss\n0,0.1,0.01,0.1,2.5\n",
        "NumIters,Seconds,LearningRate,acc,acc_1\n100,11.0,0.001,0.5,0.75\n",
    ]
