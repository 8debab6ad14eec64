"""Where the files lie that ship with the program: in the wheel or in the checkout. Edge: looks at the file system."""

from pathlib import Path


def path(name: str) -> Path:
    """Find a shipped file or folder: `templates`, `subscribers`, `config.example.toml`."""
    here = Path(__file__).resolve().parent
    inside_wheel = here / "_bundled"
    return (inside_wheel if inside_wheel.is_dir() else here.parent) / name
