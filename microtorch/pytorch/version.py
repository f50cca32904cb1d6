"""The versions that ``torch.version`` tells: of CUDA and ROCm, which are not here, none."""

__all__ = ["cuda", "hip"]

cuda = hip = None
