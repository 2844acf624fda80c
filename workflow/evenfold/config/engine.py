"""How the networks are trained."""

from typing import Literal

from pydantic import Field

from evenfold.config.section import Section


class Engine(Section):
    """How the networks are trained: changes speed and memory, results by rounding."""

    decides = False

    memory_gb: float | None = Field(
        None,
        gt=0,
        description="memory that training may take; members and batches are cut to it "
        "(empty: most of the GPU's, half of what the job has on a CPU)",
    )
    chunk: int | None = Field(
        None,
        ge=1,
        description="members that train as one stack at most (empty: a recorded table "
        "by device and network)",
    )
    precision: Literal["auto", "float32", "tf32", "bfloat16"] = Field(
        "auto", description="`auto`: tf32 on CUDA, float32 on a CPU"
    )
    compiled: bool = Field(
        False, description="torch.compile; needs a C++ compiler on a CPU"
    )
    checkpoint_epochs: int = Field(
        5, ge=0, description="epochs between checkpoints; 0: only when told to stop"
    )
