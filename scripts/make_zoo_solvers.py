"""The recipes of the zoo: each net's solver, from its paper."""

_SGD = "momentum: 0.9"


def solver_text(name: str) -> str:
    """Return the solver of a net, with a comment that says how it is run."""
    comment, recipe = SOLVERS[name]
    return f"""# {comment}
# Written by scripts/make_zoo.py: change it there.
#
#     netdef train --solver model_zoo/{name}/solver.prototxt

net: "train_val.prototxt"
{recipe.strip()}
display: 100
snapshot_prefix: "{name}"
solver_mode: CPU
"""


def _steps(rate: str, decay: str, every: int, iterations: int, tests: int = 1000) -> str:
    """Return SGD whose rate falls to a tenth every so many iterations."""
    return f"""
test_iter: {tests}
test_interval: 5000
base_lr: {rate}
{_SGD}
weight_decay: {decay}
lr_policy: "step"
gamma: 0.1
stepsize: {every}
max_iter: {iterations}
snapshot: 10000
"""


def _poly(rate: str, decay: str, iterations: int, power: str = "1") -> str:
    """Return SGD whose rate falls to 0."""
    return f"""
test_iter: 1000
test_interval: 5000
base_lr: {rate}
{_SGD}
weight_decay: {decay}
lr_policy: "poly"
power: {power}
max_iter: {iterations}
snapshot: 10000
"""


def _pixels(rate: str, momentum: str, decay: str, iterations: int, rest: str = "") -> str:
    """Return SGD at a rate that stays."""
    return f"""
test_iter: 100
test_interval: 4000
base_lr: {rate}
momentum: {momentum}
weight_decay: {decay}
lr_policy: "fixed"
max_iter: {iterations}
snapshot: 4000
{rest}"""


def _two_falls(first: int, second: int, last: int, every: int) -> str:
    return f"""
test_iter: 100
test_interval: {every}
base_lr: 0.001
{_SGD}
weight_decay: 0.004
lr_policy: "multistep"
gamma: 0.1
stepvalue: {first}
{f"stepvalue: {second}" if second else ""}
max_iter: {last}
snapshot: {first}
""".replace("\n\n", "\n")


_LENET = """
test_iter: 100
test_interval: 500
base_lr: 0.01
momentum: {momentum}
weight_decay: {decay}
lr_policy: "inv"
gamma: 0.0001
power: 0.75
max_iter: {iterations}
snapshot: 5000
"""
_RESNET = "He et al.: batches of 256 (8 times 32), the rate falls to a tenth every 30 passes."
_RESNET_RECIPE = _steps("0.1", "0.0001", 150_000, 600_000) + "iter_size: 8\n"

SOLVERS = {
    "lenet": (
        "Caffe's recipe: ten passes over the digits, to about 99.1 % on the test images.",
        _LENET.format(momentum=0.9, decay=0.0005, iterations=10_000),
    ),
    "cifar10_quick": (
        "Caffe's recipe: eight passes over the images, and two at a tenth of the rate.",
        _two_falls(4000, 0, 5000, every=500),
    ),
    "cifar10_full": (
        "Caffe's recipe: 120 passes over the images, then 10 and 10 at smaller rates.",
        _two_falls(60_000, 65_000, 70_000, every=1000),
    ),
    "alexnet": (
        "The paper's rates, about 90 passes over ImageNet.",
        _steps("0.01", "0.0005", 100_000, 450_000),
    ),
    "caffenet": (
        "AlexNet's rates, about 90 passes over ImageNet.",
        _steps("0.01", "0.0005", 100_000, 450_000),
    ),
    "vgg16": (
        "The paper's rates in batches of 256 (4 times 64), 74 passes over ImageNet.",
        _steps("0.01", "0.0005", 100_000, 370_000) + "iter_size: 4\n",
    ),
    "vgg19": (
        "The paper's rates in batches of 256 (4 times 64), 74 passes over ImageNet.",
        _steps("0.01", "0.0005", 100_000, 370_000) + "iter_size: 4\n",
    ),
    "nin": ("AlexNet's rates in batches of 64.", _steps("0.01", "0.0005", 200_000, 450_000)),
    "googlenet": (
        "Caffe's faster schedule for the paper's net: the rate falls to 0 with a root.",
        _poly("0.01", "0.0002", 2_400_000, power="0.5"),
    ),
    "inception_v3": (
        "The paper's RMSProp: the rate falls by 6 % every two passes over ImageNet.",
        """
test_iter: 1000
test_interval: 5000
base_lr: 0.045
type: "RMSProp"
rms_decay: 0.9
delta: 1
weight_decay: 0.00004
clip_gradients: 2
lr_policy: "step"
gamma: 0.94
stepsize: 80000
max_iter: 4000000
snapshot: 40000
""",
    ),
    **{f"resnet{n}": (_RESNET, _RESNET_RECIPE) for n in (18, 34, 50, 101, 152)},
    "se_resnet50": (
        "Hu et al.: batches of 1024 (32 times 32), the rate falls to a tenth every 30 passes.",
        _steps("0.6", "0.0001", 37_500, 125_000) + "iter_size: 32\n",
    ),
    "squeezenet_v1.0": (
        "The paper's rate falls to 0 in a straight line, in batches of 512 (16 times 32).",
        _poly("0.04", "0.0002", 170_000) + "iter_size: 16\n",
    ),
    "squeezenet_v1.1": (
        "The paper's rate falls to 0 in a straight line, in batches of 512 (16 times 32).",
        _poly("0.04", "0.0002", 170_000) + "iter_size: 16\n",
    ),
    "mobilenet_v1": (
        "The rate falls to 0 in a straight line; small nets want little weight decay.",
        _poly("0.1", "0.00004", 1_200_000) + "iter_size: 4\n",
    ),
    "mobilenet_v2": (
        "The rate falls to 0 in a straight line; small nets want little weight decay.",
        _poly("0.1", "0.00004", 1_200_000) + "iter_size: 4\n",
    ),
    "shufflenet": (
        "The paper's rate falls to 0 in a straight line, in batches of 1024 (16 times 64).",
        _poly("0.5", "0.00004", 300_000) + "iter_size: 16\n",
    ),
    "densenet121": (
        "The paper's 90 passes in batches of 256 (8 times 32), a tenth after 30 and 60.",
        _steps("0.1", "0.0001", 150_000, 450_000) + "iter_size: 8\n",
    ),
    "fcn32s": (
        "The paper's heavy momentum on single images; begin from VGG-16's weights.",
        _pixels("0.0001", "0.99", "0.0005", 100_000),
    ),
    "fcn8s": (
        "The paper's heavy momentum on single images; begin from the weights of fcn32s.",
        _pixels("0.00001", "0.99", "0.0005", 100_000),
    ),
    "unet": (
        "The paper's heavy momentum on single images.",
        _pixels("0.001", "0.99", "0.0005", 60_000),
    ),
    "segnet": (
        "The paper's rate and momentum in batches of 12 (3 times 4); begin from VGG-16's weights.",
        _pixels("0.1", "0.9", "0.0005", 40_000, "iter_size: 3\n"),
    ),
    "siamese_mnist": (
        "LeNet's rates for the twins.",
        _LENET.format(momentum=0.9, decay=0, iterations=50_000),
    ),
    "autoencoder_mnist": (
        "Plain SGD with momentum, the rate a tenth every 10,000 iterations.",
        _steps("0.01", "0.0005", 10_000, 65_000, tests=100),
    ),
}
"""What the comment says, and the recipe. Passes over ImageNet are 1.28 million images."""
