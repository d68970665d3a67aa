"""Packs the Python package with a module that cargo has built into a wheel, for tests: maturin would build it again.

    python_wheel.py PACKAGE MODULE FOLDER    the folder runs/python, the library of cargo, the folder for the wheel
"""

import base64
import hashlib
import re
import sys
import sysconfig
import zipfile
from pathlib import Path

package, module, folder = map(Path, sys.argv[1:])
text = (package / "pyproject.toml").read_text()
version = re.search(r'^version = "(.+)"', (package / "../../Cargo.toml").read_text(), re.MULTILINE)[1]
platform = re.sub(r"[-.]", "_", sysconfig.get_platform())
tag = f"cp310-abi3-{platform}"


def values(key):
    """Strings of a list in ``pyproject.toml``; Python 3.10 has no reader of TOML."""
    found = re.search(rf"^{re.escape(key)} = \[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    return re.findall(r'"([^"]+)"', found[1])


requirements = [f"Requires-Dist: {one}" for one in values("dependencies")]
for extra in ["gymnasium", "all"]:
    requirements += [f"Provides-Extra: {extra}"]
    requirements += [f'Requires-Dist: {one}; extra == "{extra}"' for one in values(extra)]
metadata = ["Metadata-Version: 2.1", "Name: freewheel", f"Version: {version}", "Requires-Python: >=3.10", *requirements]
suffix = "pyd" if module.suffix == ".dll" else "so"
info = f"freewheel-{version}.dist-info"
sources = [file for file in sorted((package / "freewheel").glob("*.py*")) if file.is_file()]
files = {f"freewheel/{file.name}": file.read_bytes() for file in sources}
files["freewheel/py.typed"] = b""
files[f"freewheel/_freewheel.abi3.{suffix}"] = module.read_bytes()
files[f"{info}/METADATA"] = "\n".join([*metadata, ""]).encode()
files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: freewheel\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
files[f"{info}/entry_points.txt"] = b"[console_scripts]\nfreewheel = freewheel.__main__:main\n"


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


lines = [f"{name},sha256={digest(content)},{len(content)}" for name, content in files.items()]
files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()
with zipfile.ZipFile(folder / f"freewheel-{version}-{tag}.whl", "w") as wheel:
    for name, content in files.items():
        wheel.writestr(name, content)
